"""What a file declares that models may be made of: classes, tables, types, constants, small functions.

Expressions are kept as they are lowered; what their names mean is found out when all files are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Language
from backend_analyzers.syntax import module

_LARGEST_FUNCTION = 4_000
"""Bytes; longer functions make no columns."""
_LARGEST_VALUE = 40_000
_MENTIONS = re.compile(
    rb"sqlalchemy|sqlmodel|Column\(|mapped_column|Mapped\[|relationship\(|__tablename__|__table"
    rb"|\bdb\.|Enum\b|TypeDecorator|__mapper_args__|naming_convention|Base\b|Mixin\b|flask_appbuilder"
)


class Member(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An attribute of a class, or a name of a module: an assignment or a function.

    `start` and `end` are those of the name in the unit.
    """

    name: str
    unit: str
    start: int
    end: int
    value: ir.Expr | None = None
    annotation: ir.Expr | None = None
    function: ir.Function | None = None


class DeclaredClass(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A class; `name` is qualified within the file, and its unit has the key `unit`."""

    name: str
    unit: str
    start: int
    end: int
    bases: tuple[ir.Argument, ...]
    decorators: tuple[ir.Expr, ...]
    members: tuple[Member, ...]


class Late(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`Order.lines = relationship(…)`, or `Index(…)` as a statement (then `target` is empty)."""

    unit: str
    target: str
    start: int
    end: int
    value: ir.Expr


class Declared(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a file declares."""

    classes: tuple[DeclaredClass, ...] = ()
    values: tuple[Member, ...] = ()
    late: tuple[Late, ...] = ()


EMPTY = Declared()


@file_fact
def declared(file: File) -> Declared:
    """What a file of Python declares that may be of interest to SQLAlchemy."""
    if file.language is not Language.PYTHON or not _MENTIONS.search(file.text):
        return EMPTY
    classes: dict[str, ir.Unit] = {}
    members: dict[str, list[Member]] = {}
    values: list[Member] = []
    late: list[Late] = []
    for unit in module(file).units:
        node = unit.node
        if isinstance(node, ir.Class):
            name = f"{unit.owner}.{node.name}" if unit.owner else node.name
            classes[name] = unit
        elif unit.owner:
            members.setdefault(unit.owner, []).extend(_members(unit, node))
        else:
            values.extend(_members(unit, node))
            late.extend(_late(unit, node))
    found = tuple(
        DeclaredClass(
            name,
            unit.key,
            unit.node.name_start,
            unit.node.name_end,
            tuple(one for one in unit.node.bases if _is_small(one.value)),
            unit.node.decorators,
            tuple(members.get(name, ())),
        )
        for name, unit in classes.items()
        if isinstance(unit.node, ir.Class)
    )
    return Declared(found, tuple(values), tuple(late))


@file_fact
def definitions(file: File) -> Declared:
    """The same without columns and relations: what other files may depend on."""
    known = declared(file)
    if known is EMPTY:
        return EMPTY
    classes = tuple(
        msgspec.structs.replace(
            one,
            start=0,
            end=0,
            members=tuple(_unplaced(member) for member in one.members if not _is_column(member)),
        )
        for one in known.classes
    )
    return Declared(classes, known.values)


def _is_column(member: Member) -> bool:
    """Whether an attribute is a column or a relation, so that other files need no more than its name."""
    value = member.value
    called = value.function if isinstance(value, ir.Call) else None
    last = called.name if isinstance(called, ir.Attribute) else getattr(called, "id", "")
    is_note = value is None and member.function is None
    return last in _MAPPED or is_note


def _unplaced(member: Member) -> Member:
    value = member.value
    if member.function is not None and not _is_told(member.function):
        return Member(member.name, "", 0, 0)
    return Member(member.name, member.unit, 0, 0, value, member.annotation, member.function)


_MAPPED = frozenset(
    {"Column", "mapped_column", "relationship", "column_property", "deferred", "Field", "synonym"}
)


def _members(unit: ir.Unit, node: ir.Stmt) -> Iterator[Member]:
    match node:
        case ir.Assign(operator="", targets=targets, value=value, annotation=annotation):
            kept = (
                value if value is None or _is_small(value) else ir.Unknown(value.start, value.end)
            )
            noted = annotation if annotation is None or _is_small(annotation) else None
            for target in targets:
                if isinstance(target, ir.Name):
                    yield Member(target.id, unit.key, target.start, target.end, kept, noted)
        case ir.Function(name=name):
            small = node.end - node.start <= _LARGEST_FUNCTION and _fits(node)
            wanted = small and (not unit.owner or _is_told(node))
            told = node if wanted else msgspec.structs.replace(node, body=(), parameters=())
            if not unit.owner and not wanted:
                return
            if not _fits(told):
                return
            yield Member(name, unit.key, node.name_start, node.name_end, function=told)
        case ir.Branch(body=body, orelse=orelse):
            for statement in (*body, *orelse):
                yield from _members(unit, statement)
        case ir.Try(body=body):
            for statement in body:
                yield from _members(unit, statement)
        case _:
            pass


_TOLD = re.compile(r"declared_attr|hybrid|validates|cascading|classproperty")
_METHODS = frozenset({"load_dialect_impl", "get_col_spec", "__init__"})


def _is_told(function: ir.Function) -> bool:
    """Whether what a method does matters: it declares an attribute, or says what a type is."""
    if function.name in _METHODS:
        return function.name != "__init__"
    return any(
        _TOLD.search(dotted(one.function if isinstance(one, ir.Call) else one))
        for one in function.decorators
    )


def _late(unit: ir.Unit, node: ir.Stmt) -> Iterator[Late]:
    if isinstance(node, ir.Assign) and node.value is not None and not node.operator:
        for target in node.targets:
            if isinstance(target, ir.Attribute) and (
                isinstance(node.value, ir.Call) or target.name == "naming_convention"
            ):
                name = dotted(target)
                if name and _is_small(node.value):
                    yield Late(unit.key, name, target.name_start, target.end, node.value)
    elif isinstance(node, ir.Evaluate) and isinstance(node.value, ir.Call):
        last = dotted(node.value.function).rpartition(".")[2]
        if last in {"Index", "UniqueConstraint", "Table"} and _is_small(node.value):
            yield Late(unit.key, "", node.start, node.end, node.value)


def _is_small(expression: ir.Expr) -> bool:
    return expression.end - expression.start <= _LARGEST_VALUE and _fits(expression)


_LARGEST_INTEGER = 2**63


def _fits(node: ir.Node) -> bool:
    """Whether it can be kept: larger integers cannot."""
    return all(
        abs(one.value) < _LARGEST_INTEGER
        for one in ir.walk(node)
        if isinstance(one, ir.Constant) and isinstance(one.value, int)
    )

"""What one Python file declares that Django reads: classes with their members, and a few settings.

Which of the classes are models nobody can tell from one file: `facts/models/django.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.django.chain_reader import ChainReader
from backend_analyzers.facts.django.terms import Term, reference, term
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Language, Place

OPTIONS = frozenset(
    {
        *("abstract", "app_label", "db_table", "managed", "proxy", "swappable", "indexes"),
        *("unique_together", "index_together", "constraints", "order_with_respect_to", "ordering"),
        *("default_related_name", "get_latest_by", "default_manager_name", "base_manager_name"),
    }
)
"""What of `class Meta` says something about the database."""

SETTINGS = frozenset({"AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD"})
_TEXTS = frozenset({"name", "label", "default_auto_field"})
"""Attributes of an `AppConfig`."""

_WORDS = (b"odel", b"Field", b"Manager", b"QuerySet", b"AppConfig", b"import *")


class Attribute(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`name = value` in the body of a class."""

    name: str
    at: Place
    value: Term


class Method(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A method that matters: what it gives, and the keyword arguments that a constructor sets."""

    name: str
    gives: Term | None = None
    sets: tuple[tuple[str, Term], ...] = ()


class ClassDeclaration(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A class at the top of a file; `bases` are references, and `meta` its `class Meta` if it has one.

    `members` are the names of what else it has: methods, and constants.
    """

    name: str
    at: Place
    bases: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    methods: tuple[Method, ...] = ()
    meta: tuple[tuple[str, Term], ...] | None = None
    meta_bases: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()


class Declarations(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a file declares."""

    classes: tuple[ClassDeclaration, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()
    """Constants of the module, such as the length of a name."""


NONE = Declarations()


class _Piece(msgspec.Struct, frozen=True, gc=False):
    """What one unit adds."""

    owner: str = ""
    declared: ClassDeclaration | None = None
    attribute: Attribute | None = None
    method: Method | None = None
    option: tuple[str, Term] | None = None
    setting: tuple[str, str] | None = None
    number: tuple[str, int] | None = None
    meta_bases: tuple[str, ...] | None = None
    member: str = ""


@file_fact
def declarations(file: File) -> Declarations:
    """The classes and settings of a file of Python."""
    if file.language is not Language.PYTHON:
        return NONE
    if not any(word in file.text for word in _WORDS) and not _has_constants(file):
        return NONE
    classes: dict[str, _Open] = {}
    settings: list[tuple[str, str]] = []
    numbers: list[tuple[str, int]] = []
    for piece in _piece.each(file):
        if piece is None:
            continue
        if piece.setting is not None:
            settings.append(piece.setting)
        elif piece.number is not None:
            numbers.append(piece.number)
        elif piece.declared is not None:
            classes[piece.declared.name] = _Open(piece.declared)
        elif piece.owner in classes:
            classes[piece.owner].add(piece)
    found = tuple(one.closed() for one in classes.values())
    return Declarations(found, tuple(settings), tuple(numbers))


def _has_constants(file: File) -> bool:
    if b"_MODEL" in file.text or b"DEFAULT_AUTO_FIELD" in file.text:
        return True
    return _NUMBER.search(file.text) is not None


_NUMBER = re.compile(rb"^[A-Z][A-Z0-9_]+[ ]*(?::[ ]*\w+[ ]*)?=[ ]*\d+[ ]*(?:#.*)?$", re.MULTILINE)


class _Open:
    """A class whose members are being collected."""

    def __init__(self, declared: ClassDeclaration) -> None:
        self.declared = declared
        self.attributes: dict[str, Attribute] = {}
        self.methods: list[Method] = []
        self.meta: dict[str, Term] | None = None
        self.meta_bases: tuple[str, ...] = ()
        self.members: set[str] = set()

    def add(self, piece: _Piece) -> None:
        if piece.attribute is not None:
            self.attributes[piece.attribute.name] = piece.attribute
        elif piece.member:
            self.members.add(piece.member)
            if piece.method is not None:
                self.methods.append(piece.method)
        elif piece.meta_bases is not None:
            self.meta, self.meta_bases = {}, piece.meta_bases
        elif piece.option is not None and self.meta is not None:
            self.meta[piece.option[0]] = piece.option[1]

    def closed(self) -> ClassDeclaration:
        return msgspec.structs.replace(
            self.declared,
            attributes=tuple(self.attributes.values()),
            methods=tuple(self.methods),
            meta=tuple(self.meta.items()) if self.meta is not None else None,
            meta_bases=self.meta_bases,
            members=frozenset(self.members),
        )


@unit_fact
def _piece(code: Code) -> _Piece | None:
    node, owner = code.unit.node, code.unit.owner
    match node:
        case ir.Class() if not owner:
            return _Piece(declared=_class(code, node))
        case ir.Class(name="Meta") if "." not in owner:
            return _Piece(owner, meta_bases=_bases(code, node))
        case ir.Assign(targets=(ir.Name() as target,), value=value, operator="") if value:
            return _assigned(code, owner, target, value)
        case ir.Function() if owner and "." not in owner:
            return _Piece(owner, method=_method(code, node, owner), member=node.name)
        case _:
            return None


def _class(code: Code, node: ir.Class) -> ClassDeclaration:
    at = code.place_of(node.name_start, node.name_end)
    return ClassDeclaration(node.name, at, _bases(code, node))


def _bases(code: Code, node: ir.Class) -> tuple[str, ...]:
    found: list[str] = []
    for base in node.bases:
        if base.name or base.spread:
            continue
        value = base.value
        if isinstance(value, ir.Index):
            value = value.value  # `models.Manager["Order"]`
        if isinstance(value, ir.Call):
            # `Manager.from_queryset(Orders)` and `six.with_metaclass(Meta, Base)` are what they are given.
            found += [name for one in value.arguments if (name := reference(code, one.value))]
            continue
        found.append(reference(code, value))
    return tuple(name for name in found if name)


def _assigned(code: Code, owner: str, target: ir.Name, value: ir.Expr) -> _Piece | None:
    name = target.id
    if not owner:
        if isinstance(value, ir.Constant) and isinstance(value.value, int) and name.isupper():
            return _Piece(number=(name, int(value.value)))
        text = code.constant(value) if name in SETTINGS or name.endswith("_MODEL") else None
        return _Piece(setting=(name, text)) if isinstance(text, str) else None
    outer, _, inner = owner.rpartition(".")
    if inner == "Meta" and outer:
        option = term(code, value) if name in OPTIONS else None
        return _Piece(outer, option=(name, option)) if option is not None else None
    if outer:
        return None
    if isinstance(value, ir.Call):
        at = code.place(target)
        return _Piece(owner, attribute=Attribute(name, at, term(code, value)))
    if name in _TEXTS or (isinstance(value, ir.Constant) and value.value is None):
        return _Piece(owner, attribute=Attribute(name, code.place(target), term(code, value)))
    return _Piece(owner, member=name)


_FIELD_METHODS = frozenset({"__init__", "db_type", "get_internal_type", "get_queryset"})


def _method(code: Code, node: ir.Function, owner: str) -> Method | None:
    shape = code.scope.classes.get(owner)
    bases = (
        [dotted(base.value if isinstance(base, ir.Index) else base) for base in shape.bases]
        if shape
        else []
    )
    is_rows = any("Manager" in base or "QuerySet" in base or "Query" in base for base in bases)
    is_field = any(base.endswith(("Field", "Key")) for base in bases)
    if not is_rows and not (is_field and node.name in _FIELD_METHODS):
        return None
    if node.name == "__init__":
        return Method(node.name, sets=tuple(_sets(code, node)))
    if is_rows:
        return None if node.name.startswith("__") else Method(node.name, _rows(code, node))
    return Method(node.name, _given(code, node))


def _given(code: Code, node: ir.Function) -> Term | None:
    """What a method of one statement gives, or None where it does more."""
    value = _only_value(node)
    return term(code, value) if value is not None else None


def _rows(code: Code, node: ir.Function) -> Term | None:
    """What a method of a manager gives, as a chain on `self`; None where that cannot be read."""
    value = _only_value(node)
    return ChainReader(code).read(value) if value is not None else None


def _only_value(node: ir.Function) -> ir.Expr | None:
    body = [
        s for s in node.body if not (isinstance(s, ir.Evaluate) and isinstance(s.value, ir.Text))
    ]
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ir.Return) else None


def _sets(code: Code, node: ir.Function) -> Iterator[tuple[str, Term]]:
    """`kwargs["max_length"] = 7`, `kwargs.setdefault("null", True)`, `super().__init__(null=True, **kwargs)`."""
    for one in ir.walk(node):
        match one:
            case ir.Assign(
                targets=(ir.Index(value=ir.Name(), index=ir.Text() as key),), value=value
            ) if value and (name := key.constant):
                yield name, term(code, value)
            case ir.Call(function=ir.Attribute(name="setdefault"), arguments=(first, second)):
                if isinstance(first.value, ir.Text) and (name := first.value.constant):
                    yield name, term(code, second.value)
            case ir.Call(function=ir.Attribute(name="__init__")):
                for argument in one.arguments:
                    if argument.name and argument.name != "default":
                        yield argument.name, term(code, argument.value)
            case _:
                pass

"""Loops over the rows of a query, and the attributes of each row that they use.

Whether such an attribute leads to other rows, and is loaded one row at a time, the models say
(`rules/database/lazy_load_in_loop.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.repeated import head
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.loops import LoopAround
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.row_words import DJANGO_QUERY, EAGER, SELECTS, SQLALCHEMY_QUERY
from backend_analyzers.source import File, Place


class Access(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`row.name`, and the name that follows it (`all` in `order.lines.all()`)."""

    name: str
    at: Place
    then: str = ""


class RowLoop(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A loop over rows of `model`, as the file calls it.

    `eager` are all names that the query's options mention, `fixed` those that it compares with a value, `loop` the head
    of the loop, and `insert` where an option may be added to the query; empty (an empty unit) when it may not.
    """

    model: str
    spelled: str
    """The model as the query writes it."""
    mapper: str
    eager: tuple[str, ...]
    fixed: tuple[str, ...]
    loop: Place
    insert: Place
    accesses: tuple[Access, ...]


@file_fact
def row_loops(file: File) -> tuple[RowLoop, ...]:
    """The loops of a file over rows of models."""
    return tuple(one for found in unit_row_loops.each(file) for one in found)


@unit_fact
def unit_row_loops(code: Code) -> tuple[RowLoop, ...]:
    """The loops of a unit over rows of models."""
    if code.language.is_ecmascript or len(code.outline.functions) == 1:
        return ()
    return tuple(_loops(code))


def _loops(code: Code) -> Iterator[RowLoop]:
    for block in code.outline.blocks:
        if block.loop is None:
            continue
        opened = _opened(block.loop, block.number)
        if opened is None:
            continue
        target, iterable, parts, around = opened
        query = _Chain(code)
        if not query.read(iterable) or not query.model:
            continue
        accesses = tuple(_accesses(code, target.id, iterable, parts))
        if accesses:
            yield RowLoop(
                query.model,
                query.spelled,
                query.mapper,
                tuple(dict.fromkeys(query.eager)),
                tuple(dict.fromkeys(query.fixed)),
                head(code, around),
                query.insert or Place(code.path, "", 0, 0),
                accesses,
            )


_Opened = tuple[ir.Name, ir.Expr, tuple[ir.Node, ...], LoopAround]


def _opened(loop: ir.Loop | ir.Comprehension, block: int) -> _Opened | None:
    """What a loop calls its element, what it runs over, and what it repeats."""
    parts: tuple[ir.Node, ...]
    if isinstance(loop, ir.Loop):
        if loop.kind != "each" or loop.iterable is None or not isinstance(loop.target, ir.Name):
            return None
        around = LoopAround("each", loop, loop.iterable, block)
        return loop.target, loop.iterable, loop.body, around
    if not loop.generators or not isinstance(loop.generators[0].target, ir.Name):
        return None
    first = loop.generators[0]
    assert isinstance(first.target, ir.Name)
    rest = (one.iterable for one in loop.generators[1:])
    conditions = (one for made in loop.generators for one in made.conditions)
    parts = (loop.element, *conditions, *rest)
    around = LoopAround("comprehension", loop, first.iterable, block)
    return first.target, first.iterable, parts, around


_WRAPPERS = frozenset({"list", "tuple", "sorted", "reversed", "iter", "set"})
_DEEPEST = 6


class _Chain:
    """The calls that make up a query, read from the last to the first."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.model = ""
        self.spelled = ""
        self.mapper = ""
        self.is_scalar = False
        self.eager: list[str] = []
        self.fixed: list[str] = []
        self.insert: Place | None = None

    def read(self, value: ir.Expr, depth: int = _DEEPEST) -> bool:
        """Whether a value is rows of one model; what is not known for sure is not."""
        for _ in range(40):
            match value:
                case ir.Await(value=inner):
                    value = inner
                case ir.Index(value=inner, index=ir.Operator() | ir.Unknown()):
                    value = inner  # a slice
                case ir.Name():
                    return depth > 0 and self._named(value, depth)
                case ir.Call(function=ir.Name(id=name)) if name in _WRAPPERS and value.arguments:
                    value = value.arguments[0].value
                case ir.Call(function=ir.Attribute()):
                    inner_value = self._method(value, depth)
                    if inner_value is None:
                        return bool(self.model)
                    value = inner_value
                case ir.Call():
                    return self._select(value)
                case ir.Attribute(value=owner, name="objects" | "query"):
                    kind = "django" if value.name == "objects" else "sqlalchemy"
                    return self._is_of(owner, kind, value)
                case _:
                    return False
        return False

    def _named(self, name: ir.Name, depth: int) -> bool:
        """A local name: every value that it may have must be rows of the same model."""
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        if not local or not found:
            return False
        for binding in found:
            if binding.kind != "value" or binding.value is None or binding.value is name:
                return False
            if not self.read(binding.value, depth - 1):
                return False
        return True

    def _method(self, call: ir.Call, depth: int) -> ir.Expr | None:
        """What a method of a query was called on; None at the end of the chain, or where nobody knows."""
        called = call.function
        assert isinstance(called, ir.Attribute)
        name = called.name
        if name in EAGER:
            mentioned = list(_mentioned(call))
            self.eager += mentioned or ["*"]
            return called.value
        if (name in SELECTS or (name == "execute" and self.is_scalar)) and call.arguments:
            argument = call.arguments[0].value
            if name == "query":
                is_one = len(call.arguments) == 1 and not call.arguments[0].spread
                if is_one:
                    self._is_of(argument, "sqlalchemy", call)
                return None
            if self.read(argument, depth - 1):
                return None
            self.model = ""
            return None
        self.is_scalar = self.is_scalar or name == "scalars"
        self.fixed += _fixed(call)
        if name in DJANGO_QUERY or name in SQLALCHEMY_QUERY:
            return called.value
        self.model = ""
        return None

    def _select(self, call: ir.Call) -> bool:
        """`select(Order)`."""
        name = self.code.callee_of(call)
        if name.rpartition(".")[2] != "select" or not name.startswith(("sqlalchemy", "sqlmodel")):
            return False
        is_one = len(call.arguments) == 1 and not call.arguments[0].spread
        return is_one and self._is_of(call.arguments[0].value, "sqlalchemy", call)

    def _is_of(self, model: ir.Expr, mapper: str, query: ir.Expr) -> bool:
        name = self.code.name_of(model)
        if not name or (self.model and self.model != name):
            self.model = ""
            return False
        self.model, self.mapper, self.spelled = name, mapper, dotted(model)
        self.insert = self.code.place_of(query.end, query.end)
        return True


def _fixed(call: ir.Call) -> Iterator[str]:
    """The columns that the arguments of a call compare with a value."""
    for argument in call.arguments:
        if argument.name:
            yield argument.name
        value = argument.value
        if isinstance(value, ir.Operator) and value.operator == "==":
            yield from (one.name for one in value.operands if isinstance(one, ir.Attribute))


def _mentioned(call: ir.Call) -> Iterator[str]:
    """Every name and every part of a text in the arguments of a call."""
    for argument in call.arguments:
        for node in ir.walk(argument.value):
            if isinstance(node, ir.Attribute):
                yield node.name
            elif isinstance(node, ir.Chunk):
                yield from node.text.replace(".", "__").split("__")
        if not isinstance(argument.value, ir.Text | ir.Call | ir.Attribute | ir.Constant):
            yield "*"  # `*fields`, a variable: nobody knows what


def _accesses(
    code: Code, name: str, iterable: ir.Expr, parts: tuple[ir.Node, ...]
) -> Iterator[Access]:
    """The attributes of an element that the body of its loop reads, each once.

    What the body gives a value itself is not loaded.
    """
    seen = {
        target.name
        for part in parts
        for node in ir.walk(part)
        if isinstance(node, ir.Assign)
        for target in node.targets
        if isinstance(target, ir.Attribute) and getattr(target.value, "id", "") == name
    }
    stack: list[tuple[ir.Node, str]] = [(part, "") for part in reversed(parts)]
    while stack:
        node, then = stack.pop()
        match node:
            case ir.Assign():
                targets = [one for one in node.targets if not isinstance(one, ir.Attribute)]
                values = [] if node.value is None else [node.value]
                stack += [(one, "") for one in (*values, *targets)]
                continue
            case ir.Attribute(value=ir.Name(id=owner)) if owner == name:
                found, _ = code.names.bindings(name, node.start, here=True)
                is_row = bool(found) and all(one.value is iterable for one in found)
                if is_row and node.name not in seen:
                    seen.add(node.name)
                    yield Access(node.name, code.place(node), then)
                continue
            case ir.Attribute():
                stack.append((node.value, node.name))
                continue
            case _:
                pass
        stack += [(child, "") for child in reversed(list(ir.children(node)))]

"""What the options of a call spell out: objects, lists, texts and numbers, as values that can be kept.

What is not written out is unknown, and an object with parts that are not written out is open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.code import MISSING, Code

_DEPTH = 16


class Spelled(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An expression as far as it is written out; offsets count from the start of the unit.

    `text` is that of a text, or a constant as JSON writes it.  An object or a list has `entries`.  A
    `call` is what a class or its member stands for, `Sequelize.STRING(20)` or `new Table({…})`: its
    `text` is the name, and its entries are the arguments.
    """

    kind: Literal["mapping", "list", "text", "constant", "call", "unknown"]
    start: int
    end: int
    text: str = ""
    entries: tuple[Entry, ...] = ()
    is_open: bool = False

    def get(self, *names: str) -> Entry | None:
        """The entry of an object with one of some keys."""
        for entry in reversed(self.entries):
            if entry.key in names:
                return entry
        return None

    @property
    def is_null(self) -> bool:
        return self.kind == "constant" and self.text == "null"

    @property
    def is_true(self) -> bool:
        return self.kind == "constant" and self.text == "true"


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A value with its key, which is empty in a list."""

    key: str
    start: int
    end: int
    value: Spelled


Known = Mapping[str, Spelled]
"""What some names stand for: the parameters of a function that is followed, the element of a loop."""
_NOTHING: Known = {}


def spelled(
    code: Code, expression: ir.Expr, known: Known = _NOTHING, depth: int = _DEPTH
) -> Spelled:
    """What an expression of a unit spells out; names stand for what they were assigned."""
    start, end = expression.start, expression.end
    if depth <= 0:
        return Spelled("unknown", start, end)
    match expression:
        case ir.Collection(kind="mapping"):
            return _mapping(code, expression, known, depth - 1)
        case ir.Collection(kind="list" | "tuple" | "set"):
            return _list(code, expression, known, depth - 1)
        case ir.Name(id=name) if name in known:
            return moved(known[name], start, end)
        case ir.Attribute(value=ir.Name(id=name), name=member) if name in known:
            entry = known[name].get(member)
            return moved(entry.value, start, end) if entry else Spelled("unknown", start, end)
        case ir.Text(parts=parts) if known and any(isinstance(one, ir.Hole) for one in parts):
            return _template(code, expression, known, depth - 1)
        case ir.Name(id=name):
            found, is_local = code.names.bindings(name, start, here=True)
            if is_local and len(found) == 1 and found[0].kind == "value" and found[0].value:
                return spelled(code, found[0].value, known, depth - 1)
        case ir.Operator(operator="as" | "satisfies" | "!", operands=(value, *_)):
            if expression.operator != "!" or value.start == start:
                return spelled(code, value, known, depth - 1)
        case _:
            pass
    constant = _constant(code, expression)
    if constant.kind == "unknown":
        return _called(code, expression, known, depth - 1) or constant
    return constant


def _called(code: Code, expression: ir.Expr, known: Known, depth: int) -> Spelled | None:
    call = expression if isinstance(expression, ir.Call) else None
    name = _dotted(call.function if call is not None else expression)
    if not name[:1].isupper():
        return None
    given = [spelled(code, one.value, known, depth) for one in call.arguments] if call else []
    entries = tuple(Entry("", one.start, one.end, one) for one in given)
    return Spelled("call", expression.start, expression.end, name, entries)


def _dotted(expression: ir.Expr) -> str:
    """`Sequelize.INTEGER.UNSIGNED`; calls inside are left out, as in `INTEGER(11).UNSIGNED`."""
    names: list[str] = []
    at = expression
    while isinstance(at, ir.Attribute | ir.Call):
        if isinstance(at, ir.Attribute):
            names.append(at.name)
            at = at.value
        else:
            at = at.function
    return ".".join([at.id, *reversed(names)]) if isinstance(at, ir.Name) else ""


def moved(value: Spelled, start: int, end: int) -> Spelled:
    """A value that is written elsewhere, at the range of what stands for it here."""
    entries = tuple(
        Entry(one.key, start, end, moved(one.value, start, end)) for one in value.entries
    )
    return Spelled(value.kind, start, end, value.text, entries, value.is_open)


def _template(code: Code, text: ir.Text, known: Known, depth: int) -> Spelled:
    parts: list[str] = []
    for part in text.parts:
        if isinstance(part, ir.Chunk):
            parts.append(part.text)
            continue
        said = spelled(code, part.value, known, depth)
        if said.kind not in {"text", "constant"}:
            return Spelled("unknown", text.start, text.end)
        parts.append(said.text)
    return Spelled("text", text.start, text.end, "".join(parts))


def _constant(code: Code, expression: ir.Expr) -> Spelled:
    start, end = expression.start, expression.end
    value = code.constant(expression)
    if isinstance(value, str):
        return Spelled("text", start, end, value)
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        texts = (Entry("", start, end, Spelled("text", start, end, str(one))) for one in value)
        return Spelled("list", start, end, "", tuple(texts))
    if value is MISSING or isinstance(value, tuple):
        return Spelled("unknown", start, end)
    return Spelled("constant", start, end, json.dumps(value))


def _mapping(code: Code, expression: ir.Collection, known: Known, depth: int) -> Spelled:
    entries: dict[str, Entry] = {}
    is_open = False
    for entry in expression.entries:
        if entry.spread:
            inner = spelled(code, entry.value, known, depth)
            if inner.kind == "mapping":
                entries.update((one.key, one) for one in inner.entries)
            is_open = is_open or inner.kind != "mapping" or inner.is_open
            continue
        key = code.constant(entry.key) if entry.key is not None else MISSING
        if not isinstance(key, str) or entry.key is None:
            is_open = True
            continue
        value = spelled(code, entry.value, known, depth)
        # Later entries take the place of earlier ones, at the end.
        entries.pop(key, None)
        entries[key] = Entry(key, entry.key.start, entry.key.end, value)
    return Spelled(
        "mapping", expression.start, expression.end, "", tuple(entries.values()), is_open
    )


def _list(code: Code, expression: ir.Collection, known: Known, depth: int) -> Spelled:
    entries: list[Entry] = []
    is_open = False
    for entry in expression.entries:
        value = spelled(code, entry.value, known, depth)
        if entry.spread:
            if value.kind == "list":
                entries += value.entries
            is_open = is_open or value.kind != "list" or value.is_open
        else:
            entries.append(Entry("", value.start, value.end, value))
    return Spelled("list", expression.start, expression.end, "", tuple(entries), is_open)

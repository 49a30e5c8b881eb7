"""Which calls a value comes from: through local names, `fetchone` of a cursor, indexes and attributes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import DatabaseQuery
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted

_DEEPEST = 6
_FETCHES = frozenset(
    {
        *(
            "fetchone",
            "fetchall",
            "fetchmany",
            "first",
            "one",
            "one_or_none",
            "scalar",
            "scalar_one",
        ),
        *("scalar_one_or_none", "scalars", "mappings", "all", "rowcount", "fetchval", "next"),
    }
)


class Source(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A range of a unit in which the call stands that gave a value; `locks` when it locks what it reads."""

    start: int
    end: int
    locks: bool = False


def sources(code: Code, value: ir.Expr, depth: int = _DEEPEST) -> tuple[Source, ...]:
    """The ranges whose calls give a value, the value's own first."""
    return tuple(dict.fromkeys(_sources(code, value, depth)))


def _sources(code: Code, value: ir.Expr, depth: int) -> Iterator[Source]:
    calls = [one for one in ir.walk(value) if isinstance(one, ir.Call)]
    if calls:
        yield Source(value.start, value.end, _locks(calls))
        for call in calls:
            yield from _fetched(code, call)
    if depth <= 0:
        return
    for node in ir.walk(value):
        if not isinstance(node, ir.Name):
            continue
        found, local = code.names.bindings(node.id, node.start, here=True)
        if not local:
            continue
        for binding in found:
            if binding.value is not None and binding.kind in {"value", "element", "append"}:
                yield from _sources(code, binding.value, depth - 1)


def _locks(calls: list[ir.Call]) -> bool:
    return any(
        isinstance(one.function, ir.Attribute)
        and one.function.name in {"select_for_update", "with_for_update"}
        for one in calls
    )


def _fetched(code: Code, call: ir.Call) -> Iterator[Source]:
    """`cursor.fetchone()` gives what the cursor executed last."""
    called = call.function
    if not isinstance(called, ir.Attribute) or called.name not in _FETCHES:
        return
    name = dotted(called.value)
    if not name:
        return
    last: DatabaseQuery | None = None
    for event in events(code):
        if event.start >= call.start:
            break
        if isinstance(event, DatabaseQuery):
            last = event if _receiver(code, event) == name else last
    if last is not None and code.enclosing(call) is _enclosing(code, last):
        yield Source(last.start, last.end)


def _enclosing(code: Code, event: DatabaseQuery) -> object:
    outline = code.outline
    return outline.functions[outline.block_at(event.start).function]


def _receiver(code: Code, event: DatabaseQuery) -> str:
    for site in code.outline.calls:
        if (site.call.start, site.call.end) == (event.start, event.end):
            called = site.call.function
            return dotted(called.value) if isinstance(called, ir.Attribute) else ""
    return ""

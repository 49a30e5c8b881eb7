"""Values that code reads from a row, changes, and writes back.

`order.total += price` and then `order.save()`; an UPDATE whose value was computed from what a SELECT gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import DatabaseQuery, TransactionBegin, TransactionEnd
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.queries import Query, code_queries
from backend_analyzers.facts.value_sources import Source, sources
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.mentions import speaks_of_lock
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place
from backend_analyzers.sql.statement import Statement


class Recomputed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A value that is written to `column` after it was computed from what `asked` gave.

    `at` is the computation or the UPDATE, `saved` what writes it.
    """

    at: Place
    column: str
    asked: tuple[Source, ...]
    saved: Place
    kind: Literal["attribute", "sql"]


@file_fact
def recomputed(file: File) -> tuple[Recomputed, ...]:
    """The values of a file that are read, changed and written back."""
    return tuple(one for found in unit_recomputed.each(file) for one in found)


@unit_fact
def unit_recomputed(code: Code) -> tuple[Recomputed, ...]:
    """The values of a unit that are read, changed and written back."""
    if len(code.outline.functions) == 1 or not code.outline.calls or speaks_of_lock(code):
        return ()
    return (*_attributes(code), *_statements(code))


# Attributes ------------------------------------------------------------------------------------

_ARITHMETIC = frozenset({"+", "-", "*", "/"})
_SAVES = frozenset({"save", "asave"})
_ENDS = frozenset({"commit", "flush"})


def _attributes(code: Code) -> Iterator[Recomputed]:
    for function in code.outline.functions:
        if function.node is None:
            continue
        for node in _own(function.node):
            if not isinstance(node, ir.Assign) or len(node.targets) != 1 or node.value is None:
                continue
            target = node.targets[0]
            if not isinstance(target, ir.Attribute) or not isinstance(target.value, ir.Name):
                continue
            if not _is_changed(node, target) or not _is_number(code, node.value):
                continue
            saved = _saved(code, node, target.value.id)
            if saved is not None:
                asked = sources(code, target.value)
                if asked and not any(one.locks for one in asked):
                    at = code.place(node)
                    yield Recomputed(at, target.name, asked, code.place(saved), "attribute")


def _own(function: ir.Function) -> Iterator[ir.Node]:
    """The nodes of a function, those of functions inside left out."""
    stack: list[ir.Node] = [*function.body]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Function | ir.Lambda | ir.Class):
            continue
        yield node
        stack += ir.children(node)


def _is_changed(node: ir.Assign, target: ir.Attribute) -> bool:
    """Whether the new value is the old one and something else."""
    if node.operator:
        return node.operator in _ARITHMETIC
    value = node.value
    return (
        isinstance(value, ir.Operator)
        and value.operator in _ARITHMETIC
        and any(dotted(one) == dotted(target) for one in value.operands)
    )


def _is_number(code: Code, value: ir.Expr) -> bool:
    """Whether a value may be one: no text, no list."""
    if isinstance(value, ir.Operator):
        return all(_is_number(code, one) for one in value.operands)
    is_other = isinstance(value, ir.Text | ir.Collection | ir.Comprehension)
    return not is_other and not isinstance(code.constant(value), str | tuple)


def _saved(code: Code, node: ir.Assign, name: str) -> ir.Node | None:
    """What writes an object after it was changed."""
    outline = code.outline
    here = code.enclosing(node)
    for site in outline.calls:
        called = site.call.function
        if site.call.start < node.end or not isinstance(called, ir.Attribute):
            continue
        is_save = called.name in _SAVES and dotted(called.value) == name
        if is_save and code.enclosing(site.call) is here:
            return site.call
    for event in events(code):
        function = outline.functions[outline.block_at(event.start).function]
        if event.start < node.end or function is not here:
            continue
        ends = isinstance(event, TransactionEnd) and event.action == "commit"
        flushes = isinstance(event, DatabaseQuery) and event.function.endswith(".flush")
        if ends or flushes:
            return ir.Constant(event.start, event.end, None)
    # Django's `atomic` saves nothing by itself.
    begins = {
        (event.start, event.end)
        for event in events(code)
        if isinstance(event, TransactionBegin) and not event.function.startswith("django.")
    }
    for context, start, end in outline.contexts:
        if start <= node.start < end and (context.start, context.end) in begins:
            return context
    return None


# Statements ------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(
    r"\s*=\s*(?:%s|\?|\$(\d+)|:(\w+)|%\((\w+)\)s)(?=\s*(?:,|where\b|$|;|\)))", re.IGNORECASE
)


def _statements(code: Code) -> Iterator[Recomputed]:
    calls = {(one.call.start, one.call.end): one.call for one in code.outline.calls}
    for query in code_queries(code):
        at = query.call
        if at is None or len(query.statements) != 1 or query.statements[0].kind != "update":
            continue
        call = calls.get((at.start, at.end))
        if call is None:
            continue
        for column, value in _given(query, query.statements[0], call):
            computed = _computed(code, value)
            if computed is None:
                continue
            asked = sources(code, computed)
            if asked:
                yield Recomputed(at, column, asked, at, "sql")


def _given(query: Query, statement: Statement, call: ir.Call) -> Iterator[tuple[str, ir.Expr]]:
    """The columns that an UPDATE sets to a value it is given, and the expressions of those values."""
    text = query.text.encode(errors="replace")
    for column in statement.columns:
        if column.clause != "set" or column.scope != 0:
            continue
        found = _PLACEHOLDER.match(text[column.end :].decode(errors="replace"))
        if found is None:
            continue
        numbered, named = found.group(1), found.group(2) or found.group(3)
        before = sum(1 for start, _ in statement.parameters if start < column.end)
        place = int(numbered) - 1 if numbered else before
        value = _parameter(query, call, place, named)
        if value is not None:
            yield column.name, value


def _parameter(query: Query, call: ir.Call, place: int, name: str | None) -> ir.Expr | None:
    """The expression that is given for a placeholder."""
    rest = [
        one.value
        for one in call.arguments
        if one.value.start >= query.at.end and not one.spread and not one.name
    ]
    for value in rest[:1]:
        if isinstance(value, ir.Collection):
            for number, entry in enumerate(value.entries):
                key = entry.key.constant if isinstance(entry.key, ir.Text) else None
                if (name is None and number == place and entry.key is None) or (
                    name and key == name
                ):
                    return entry.value
            return None
    return rest[place] if name is None and place < len(rest) else None


def _computed(code: Code, value: ir.Expr, depth: int = 4) -> ir.Expr | None:
    """The arithmetic that a value comes from."""
    if isinstance(value, ir.Operator) and value.operator in _ARITHMETIC:
        return value if _is_number(code, value) else None
    if isinstance(value, ir.Name) and depth:
        found, local = code.names.bindings(value.id, value.start, here=True)
        if local and len(found) == 1 and found[0].value is not None and found[0].kind == "value":
            return _computed(code, found[0].value, depth - 1)
        if local and any(one.kind == "append" for one in found):
            return value
    return None

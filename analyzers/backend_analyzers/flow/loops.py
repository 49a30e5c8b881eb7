"""Which loops an event lies in: statements, comprehensions, and callbacks that run for each element."""

from __future__ import annotations

from typing import Literal as Choice

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.blocks import Block, FunctionContext
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.fold import MISSING

_EACH = frozenset(
    {"forEach", "map", "flatMap", "filter", "some", "every", "find", "findIndex", "reduce", "each"}
)
_TOGETHER = frozenset({"Promise.all", "Promise.allSettled", "asyncio.gather"})


class LoopAround(msgspec.Struct, frozen=True, eq=False):
    """A loop around something.

    `node` is the loop, the comprehension, or the call whose callback runs for each element;
    `iterable` what it runs over, None when it is no collection.  `block` is the number of the block
    that is repeated.
    """

    kind: Choice["each", "while", "comprehension", "callback"]
    node: ir.Loop | ir.Comprehension | ir.Call
    iterable: ir.Expr | None
    block: int
    is_concurrent: bool = False


def loops_around(code: Code, start: int) -> tuple[LoopAround, ...]:
    """The loops that repeat what stands at an offset of the unit, innermost first.

    A function that is passed to a call (`db.transaction(async tx => …)`) runs where it stands; one
    with a name runs elsewhere, and loops around its definition do not count.
    """
    outline = code.outline
    found: list[LoopAround] = []
    block = outline.block_at(start)
    while block.number:
        if block.kind == "function":
            function = outline.functions[block.function]
            if function.call is None:
                break
            around = _callback(code, function, block)
            if around is not None:
                found.append(around)
        elif isinstance(block.loop, ir.Loop):
            found.append(_statement(block, block.loop))
        elif isinstance(block.loop, ir.Comprehension):
            around = _comprehension(code, block, block.loop, start)
            if around is not None:
                found.append(around)
        block = outline.blocks[block.parent]
    return tuple(found)


def _statement(block: Block, loop: ir.Loop) -> LoopAround:
    iterable = loop.iterable if loop.kind == "each" else None
    return LoopAround(loop.kind, loop, iterable, block.number)


def _comprehension(
    code: Code, block: Block, comprehension: ir.Comprehension, start: int
) -> LoopAround | None:
    """The first iterable of a comprehension is evaluated once, outside of it."""
    first = comprehension.generators[0].iterable if comprehension.generators else None
    if first is None or first.start <= start < first.end:
        return None
    together = _is_gathered(code, comprehension)
    return LoopAround("comprehension", comprehension, first, block.number, together)


def _callback(code: Code, function: FunctionContext, block: Block) -> LoopAround | None:
    call = function.call
    assert call is not None
    called = call.function
    if isinstance(called, ir.Attribute) and called.name in _EACH:
        return LoopAround("callback", call, called.value, block.number, _is_gathered(code, call))
    if isinstance(called, ir.Name) and called.id in {"map", "filter"} and len(call.arguments) > 1:
        return LoopAround("callback", call, call.arguments[1].value, block.number)
    return None


def _is_gathered(code: Code, node: ir.Node) -> bool:
    """Whether the results are awaited together: `Promise.all(orders.map(…))`."""
    for site in code.outline.calls:
        if site.call.start > node.start:
            break
        for argument in site.call.arguments:
            if argument.value is node:
                return code.callee_of(site.call) in _TOGETHER
    return False


def is_constant_loop(code: Code, loop: LoopAround) -> bool:
    """Whether a loop runs over something written out, or a constant number of times."""
    iterable = loop.iterable
    if iterable is None:
        return False
    if isinstance(iterable, ir.Call):
        name = code.callee_of(iterable)
        if name in {"range", "enumerate", "reversed", "sorted", "zip"}:
            return all(_is_constant(code, one.value) for one in iterable.arguments)
        return False
    return _is_constant(code, iterable)


def _is_constant(code: Code, expression: ir.Expr) -> bool:
    if isinstance(expression, ir.Collection):
        return not any(entry.spread for entry in expression.entries)
    if code.constant(expression) is not MISSING:
        return True
    if isinstance(expression, ir.Name):
        found, _ = code.names.bindings(expression.id, expression.start, here=True)
        return len(found) == 1 and isinstance(found[0].value, ir.Collection)
    return False


def varies(code: Code, node: ir.Node, loop: LoopAround) -> bool:
    """Whether a part of the loop's body mentions what the loop binds, and so differs by iteration."""
    outline = code.outline
    for inner in ir.walk(node):
        if not isinstance(inner, ir.Name):
            continue
        found, local = code.names.bindings(inner.id, inner.start, here=True)
        if local and any(outline.is_within(one.block, loop.block) for one in found):
            return True
    return False

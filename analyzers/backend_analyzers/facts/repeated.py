"""Which calls a loop repeats with other values each time: the heart of N+1.

A loop that runs a fixed number of times, tries again, waits for something, or takes its elements in
batches repeats on purpose, and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.loops import LoopAround, is_constant_loop, loops_around, varies
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import Place


def repeating_loop(code: Code, call: ir.Node, values: Iterable[ir.Node]) -> LoopAround | None:
    """The innermost loop that runs a call once for each element, with values that differ."""
    around = loops_around(code, call.start)
    if not around:
        return None
    given = tuple(values)
    for loop in around:
        if loop.kind == "while":
            return None
        if any(varies(code, value, loop) for value in given):
            is_meant = _is_deliberate(code, loop) or _runs_once(code, call, around[0])
            return None if is_meant else loop
    return None


def head(code: Code, loop: LoopAround) -> Place:
    """The part of a loop that says what it runs over."""
    node = loop.node
    iterable = loop.iterable
    if isinstance(node, ir.Loop) and iterable is not None:
        return code.place_of(node.start, iterable.end)
    if isinstance(node, ir.Comprehension) and iterable is not None:
        return code.place_of(node.generators[0].target.start, iterable.end)
    if isinstance(node, ir.Call):
        return code.place(node.function)
    return code.place(node)


def element(loop: LoopAround) -> str:
    """What a loop calls an element, empty when it takes it apart."""
    node = loop.node
    target: ir.Expr | None = None
    if isinstance(node, ir.Loop):
        target = node.target
    elif isinstance(node, ir.Comprehension):
        target = node.generators[0].target
    else:
        for one in node.arguments:
            if isinstance(one.value, ir.Lambda) and one.value.function.parameters:
                return one.value.function.parameters[0].name
    return target.id if isinstance(target, ir.Name) else ""


def given_values(call: ir.Call) -> Iterator[ir.Expr]:
    """What a call is given, and what the calls are given that make the object it is a method of."""
    current: ir.Expr = call
    while isinstance(current, ir.Call | ir.Attribute | ir.Await):
        if isinstance(current, ir.Call):
            yield from (one.value for one in current.arguments)
            current = current.function
        else:
            current = current.value


_BATCHES = re.compile(
    r"batch|chunk|page|block|bucket|window|partition|slice|shard|segment|attempt|retr|tries"
    r"|consum|queue|stream|subscri|listen|poll|watch|messages?\b|\bevents?\b|notif"
    r"|(?:tables?|schemas?|columns?|statements?|sqls?|databases?|models?|classes|cls)(?:_|\b)|migrat|dialect"
    r"|indexes|pragma|kwargs",
    re.IGNORECASE,
)


def _is_deliberate(code: Code, loop: LoopAround) -> bool:
    if is_constant_loop(code, loop):
        return True
    iterable = loop.iterable
    if isinstance(iterable, ir.Call):
        name = code.callee_of(iterable) or dotted(iterable.function)
        if name == "range" and (len(iterable.arguments) > 2 or _counts(iterable)):  # noqa: PLR2004 - a step
            return True
    return any(_BATCHES.search(name) for name in _names(loop))


def _counts(call: ir.Call) -> bool:
    """`range(retries)`: so many times, whatever there is."""
    return not any(isinstance(one.value, ir.Call) for one in call.arguments)


def _names(loop: LoopAround) -> Iterator[str]:
    node = loop.node
    targets: list[ir.Node] = []
    if isinstance(node, ir.Loop) and node.target is not None:
        targets.append(node.target)
    elif isinstance(node, ir.Comprehension):
        targets += [generator.target for generator in node.generators]
    elif isinstance(node, ir.Call):
        for one in node.arguments:
            if isinstance(one.value, ir.Lambda):
                targets += [
                    ir.Name(p.start, p.end, p.name) for p in one.value.function.parameters[:1]
                ]
    if loop.iterable is not None:
        targets.append(loop.iterable)
    for target in targets:
        for inner in ir.walk(target):
            if isinstance(inner, ir.Name):
                yield inner.id
            elif isinstance(inner, ir.Attribute):
                yield inner.name


def _runs_once(code: Code, call: ir.Node, loop: LoopAround) -> bool:
    """Whether the loop is always left right after the call."""
    outline = code.outline
    block = outline.block_at(call.start).number
    for leave, where in outline.returns:
        after = leave.end >= call.end
        if after and outline.is_within(block, where) and outline.is_within(where, loop.block):
            return where != loop.block or isinstance(loop.node, ir.Loop)
    if not isinstance(loop.node, ir.Loop):
        return False
    for inner in ir.walk(loop.node):
        if isinstance(inner, ir.Jump) and inner.kind == "break" and inner.start >= call.end:
            where = outline.block_at(inner.start).number
            if outline.is_within(block, where) and outline.is_within(where, loop.block):
                return True
    return False

"""The shape of a unit, found in one walk: its functions, blocks, bindings, calls and loops.

Everything that `Code` answers about local names is read from here.  The walk keeps its own stack,
so that no depth of nesting can exhaust the interpreter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from typing import Literal as Choice

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding, assigned, imported, signature
from backend_analyzers.flow.blocks import Block, CallSite, FunctionContext, Outline


def outline_of(unit: ir.Unit) -> Outline:
    """Walk a unit once."""
    outline = Outline()
    _walk(outline, unit)
    outline.seal()
    return outline


_Item = tuple[Any, int]
_Stack = list[_Item]


def _walk(outline: Outline, unit: ir.Unit) -> None:
    node = unit.node
    outline.blocks.append(Block(0, 0, 0, 0, max(node.end, 0) + 1, "function"))
    outline.functions.append(FunctionContext(0, 0, "", None, 0, unit.owner))
    outline.bindings.append({})
    stack: _Stack = [(node, 0)]
    if isinstance(node, ir.Function):
        stack.clear()
        _enter_function(outline, node, 0, stack, unit.key, unit.owner)
    while stack:
        item, block = stack.pop()
        visit = _VISIT.get(type(item))
        if visit is not None:
            visit(outline, item, block, stack)


def _nothing(_outline: Outline, _node: ir.Node, _block: int, _stack: _Stack) -> None:
    pass


def _attribute(_outline: Outline, node: ir.Attribute, block: int, stack: _Stack) -> None:
    value = node.value
    if type(value) is not ir.Name:
        stack.append((value, block))


def _call(outline: Outline, node: ir.Call, block: int, stack: _Stack) -> None:
    outline.calls.append(CallSite(node, block))
    for argument in reversed(node.arguments):
        value = argument.value
        if isinstance(value, ir.Lambda):
            stack.append((_Passed(value.function, node), block))
        elif not isinstance(value, ir.Name | ir.Constant):
            stack.append((value, block))
    stack.append((node.function, block))


class _Passed(msgspec.Struct, frozen=True, eq=False):
    """A lambda on its way to the call that takes it."""

    function: ir.Function
    call: ir.Call


def _passed(outline: Outline, node: _Passed, block: int, stack: _Stack) -> None:
    _enter_function(outline, node.function, block, stack, call=node.call)


def _lambda(outline: Outline, node: ir.Lambda, block: int, stack: _Stack) -> None:
    _enter_function(outline, node.function, block, stack)


def _text(outline: Outline, node: ir.Text, block: int, stack: _Stack) -> None:
    outline.texts.append((node, block))
    if node.function is not None:
        outline.tagged.append((node, block))
    stack.extend((part.value, block) for part in node.parts if type(part) is ir.Hole)


def _collection(_outline: Outline, node: ir.Collection, block: int, stack: _Stack) -> None:
    for entry in reversed(node.entries):
        stack.append((entry.value, block))
        if entry.key is not None:
            stack.append((entry.key, block))


def _comprehension(outline: Outline, node: ir.Comprehension, block: int, stack: _Stack) -> None:
    inner = _open(outline, block, node.start, node.end, "comprehension", loop=node)
    function = outline.blocks[block].function
    for number, generator in enumerate(node.generators):
        stack.append((generator.iterable, inner if number else block))
        stack.extend((condition, inner) for condition in generator.conditions)
        for name, binding in _elements(generator.target, generator.iterable, node.start, inner):
            outline.bind(function, name, binding)
    stack.append((node.element, inner))


def _operator(outline: Outline, node: ir.Operator, block: int, stack: _Stack) -> None:
    if node.operator in {":=", "="} and len(node.operands) == 2:  # noqa: PLR2004
        function = outline.blocks[block].function
        target, value = node.operands
        for name, binding in assigned(target, value, node.end, block, None):
            outline.bind(function, name, binding)
    elif node.operator == "+=" and isinstance(node.operands[0], ir.Name):
        outline.bind(
            outline.blocks[block].function,
            node.operands[0].id,
            Binding("append", node.end, block, node.operands[-1]),
        )
    stack.extend((operand, block) for operand in reversed(node.operands))


def _await(outline: Outline, node: ir.Await, block: int, stack: _Stack) -> None:
    if type(node.value) is ir.Call:
        outline.awaited.add(id(node.value))
    stack.append((node.value, block))


def _index(_outline: Outline, node: ir.Index, block: int, stack: _Stack) -> None:
    stack.append((node.index, block))
    stack.append((node.value, block))


def _unknown(_outline: Outline, node: ir.Unknown, block: int, stack: _Stack) -> None:
    stack.extend((child, block) for child in reversed(node.children))


def _import(outline: Outline, node: ir.Import, block: int, _stack: _Stack) -> None:
    function = outline.blocks[block].function
    for name, qualified in imported(node):
        if name != "*":
            outline.bind(function, name, Binding("import", node.end, block, detail=qualified))


def _assign(outline: Outline, node: ir.Assign, block: int, stack: _Stack) -> None:
    function = outline.blocks[block].function
    for target in node.targets:
        if node.operator:
            if isinstance(target, ir.Name):
                kind: Choice["append", "unknown"] = "append" if node.operator == "+" else "unknown"
                binding = Binding(kind, node.end, block, node.value)
                outline.bind(function, target.id, binding)
        else:
            for name, binding in assigned(target, node.value, node.end, block, node.annotation):
                outline.bind(function, name, binding)
        if type(target) is not ir.Name:
            stack.append((target, block))
    if node.value is not None:
        stack.append((node.value, block))


def _evaluate(_outline: Outline, node: ir.Evaluate, block: int, stack: _Stack) -> None:
    stack.append((node.value, block))


def _branch(outline: Outline, node: ir.Branch, block: int, stack: _Stack) -> None:
    outline.branches.append((node, block))
    choice = len(outline.blocks)
    _body(outline, node.orelse, block, stack, "branch", choice=choice)
    _body(outline, node.body, block, stack, "branch", choice=choice)
    stack.append((node.test, block))


def _loop(outline: Outline, node: ir.Loop, block: int, stack: _Stack) -> None:
    stack.extend((statement, block) for statement in reversed(node.orelse))
    inner = _body(outline, node.body, block, stack, "loop", loop=node)
    if node.iterable is not None:
        stack.append((node.iterable, block if node.kind == "each" else inner))
    if node.target is not None and node.iterable is not None and node.kind == "each":
        function = outline.blocks[block].function
        for name, binding in _elements(node.target, node.iterable, node.iterable.end, inner):
            outline.bind(function, name, binding)
    elif node.target is not None:
        stack.append((node.target, block))


def _try(outline: Outline, node: ir.Try, block: int, stack: _Stack) -> None:
    stack.extend((statement, block) for statement in reversed(node.final))
    stack.extend((statement, block) for statement in reversed(node.orelse))
    for handler in reversed(node.handlers):
        inner = _open(outline, block, handler.start, handler.end, "handler", body=handler.body)
        if handler.name:
            binding = Binding("unknown", handler.start, inner, detail="exception")
            outline.bind(outline.blocks[block].function, handler.name, binding)
        stack.extend((statement, inner) for statement in reversed(handler.body))
        if handler.catches is not None:
            stack.append((handler.catches, block))
    stack.extend((statement, block) for statement in reversed(node.body))


def _with(outline: Outline, node: ir.With, block: int, stack: _Stack) -> None:
    function = outline.blocks[block].function
    stack.extend((statement, block) for statement in reversed(node.body))
    for item in reversed(node.items):
        stack.append((item.context, block))
        outline.contexts.append((item.context, item.context.end, node.end))
        if isinstance(item.target, ir.Name):
            binding = Binding("enter", item.context.end, block, item.context)
            outline.bind(function, item.target.id, binding)
        elif item.target is not None:
            for name, binding in assigned(item.target, None, item.context.end, block, None):
                outline.bind(function, name, binding)


def _return(outline: Outline, node: ir.Return, block: int, stack: _Stack) -> None:
    outline.returns.append((node, block))
    if node.value is not None:
        stack.append((node.value, block))


def _raise(outline: Outline, node: ir.Raise, block: int, stack: _Stack) -> None:
    outline.raises.append((node, block))
    if node.value is not None:
        stack.append((node.value, block))


def _function(outline: Outline, node: ir.Function, block: int, stack: _Stack) -> None:
    _enter_function(outline, node, block, stack)


def _class(outline: Outline, node: ir.Class, block: int, stack: _Stack) -> None:
    outline.bind(outline.blocks[block].function, node.name, Binding("class", node.name_end, block))
    stack.extend((base.value, block) for base in node.bases)
    stack.extend((decorator, block) for decorator in node.decorators)
    stack.extend((statement, block) for statement in reversed(node.body))


def _export(_outline: Outline, node: ir.Export, block: int, stack: _Stack) -> None:
    if node.value is not None:
        stack.append((node.value, block))


def _other(_outline: Outline, node: ir.Other, block: int, stack: _Stack) -> None:
    stack.extend((statement, block) for statement in reversed(node.body))
    stack.extend((expression, block) for expression in reversed(node.expressions))


_VISIT: dict[type, Callable[[Outline, Any, int, _Stack], None]] = {
    ir.Name: _nothing,
    ir.Constant: _nothing,
    ir.Jump: _nothing,
    ir.Attribute: _attribute,
    ir.Call: _call,
    _Passed: _passed,
    ir.Lambda: _lambda,
    ir.Text: _text,
    ir.Collection: _collection,
    ir.Comprehension: _comprehension,
    ir.Operator: _operator,
    ir.Await: _await,
    ir.Index: _index,
    ir.Unknown: _unknown,
    ir.Import: _import,
    ir.Assign: _assign,
    ir.Evaluate: _evaluate,
    ir.Branch: _branch,
    ir.Loop: _loop,
    ir.Try: _try,
    ir.With: _with,
    ir.Return: _return,
    ir.Raise: _raise,
    ir.Function: _function,
    ir.Class: _class,
    ir.Export: _export,
    ir.Other: _other,
}


def _enter_function(
    outline: Outline,
    node: ir.Function,
    block: int,
    stack: _Stack,
    key: str = "",
    owner: str = "",
    call: ir.Call | None = None,
) -> None:
    outer = outline.functions[outline.blocks[block].function]
    number = len(outline.functions)
    inner = len(outline.blocks)
    name = node.name or f"<lambda {number}>"
    key = key or (f"{outer.key}.{name}" if outer.key else name)
    owner = owner or outer.owner
    start = node.name_end if node.start < node.name_end <= node.end else node.start
    outline.blocks.append(Block(inner, block, number, start, node.end, "function"))
    outline.functions.append(FunctionContext(number, outer.number, key, node, inner, owner, call))
    outline.bindings.append({})
    if node.name:
        binding = Binding("function", node.end, block, signature=signature(node), detail=key)
        outline.bind(outer.number, node.name, binding)
    for parameter in node.parameters:
        if parameter.name:
            binding = Binding(
                "parameter",
                start,
                inner,
                parameter.default,
                parameter.annotation,
                detail=parameter.kind,
            )
            outline.bind(number, parameter.name, binding)
        elif parameter.pattern is not None:
            for name, binding in assigned(parameter.pattern, None, start, inner, None):
                outline.bind(number, name, binding)
        if parameter.default is not None:
            stack.append((parameter.default, block))
    stack.extend((decorator, block) for decorator in node.decorators)
    stack.extend((statement, inner) for statement in reversed(node.body))


def _elements(
    target: ir.Expr, iterable: ir.Expr, after: int, block: int
) -> Iterable[tuple[str, Binding]]:
    if isinstance(target, ir.Name):
        return ((target.id, Binding("element", after, block, iterable)),)
    return assigned(target, None, after, block, None)


def _body(
    outline: Outline,
    body: tuple[ir.Stmt, ...],
    block: int,
    stack: _Stack,
    kind: Choice["branch", "loop"],
    *,
    choice: int = 0,
    loop: ir.Loop | None = None,
) -> int:
    if not body:
        return block
    start, end = body[0].start, body[-1].end
    inner = _open(outline, block, start, end, kind, choice=choice, loop=loop, body=body)
    stack.extend((statement, inner) for statement in reversed(body))
    return inner


def _open(
    outline: Outline,
    parent: int,
    start: int,
    end: int,
    kind: Choice["branch", "loop", "handler", "comprehension"],
    *,
    choice: int = 0,
    loop: ir.Loop | ir.Comprehension | None = None,
    body: tuple[ir.Stmt, ...] = (),
) -> int:
    number = len(outline.blocks)
    exits = bool(body) and isinstance(body[-1], ir.Return | ir.Raise)
    function = outline.blocks[parent].function
    block = Block(number, parent, function, start, end, kind, choice, exits, loop)
    outline.blocks.append(block)
    return number

"""The statements of JavaScript and TypeScript that hold others, and the jumps."""

from __future__ import annotations

from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_assignments import evaluated
from backend_analyzers.syntax.ecmascript_context import (
    LONG,
    NO_CODE,
    Context,
    body,
    code,
    expression,
    lowers_statement,
    statement,
    statements,
    unknown,
    unwrapped,
)

# Branches ----------------------------------------------------------------------------------------


@lowers_statement("if_statement")
def _if(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """A chain of `else if` is nested branches; a long one is flat."""
    links: list[tuple[ts.Node, ts.Node | None, ts.Node | None]] = []
    broken: list[ts.Node] = []
    last: ts.Node | None = None
    following: ts.Node | None = node
    while following is not None:
        link = following
        test = then = last = following = None
        for child in link.named_children:
            kind = child.type
            if kind == "else_clause":
                last = next(iter(code(child)), None)
            elif kind == "ERROR":
                broken.append(child)
            elif kind not in NO_CODE:
                test, then = (child, then) if test is None else (test, child)
        links.append((link, test, then))
        if last is not None and last.type == "if_statement":
            following = last
    orelse = body(c, last)
    depth = c.depth
    c.depth = depth + min(len(links), LONG)
    branches = []
    for link, test, then in links:
        at, end = link.start_byte - c.base, link.end_byte - c.base
        value = ir.Unknown(at, at) if test is None else expression(c, test)
        branches.append(ir.Branch(at, end, value, body(c, then)))
    c.depth = depth
    _chained(branches, orelse, out)
    for one in broken:
        statement(c, one, out)


def _chained(branches: list[ir.Branch], orelse: tuple[ir.Stmt, ...], out: list[ir.Stmt]) -> None:
    if len(branches) > LONG:
        out += branches
        out += orelse
        return
    for one in reversed(branches):
        orelse = (ir.Branch(one.start, one.end, one.test, one.body, orelse),)
    out += orelse


@lowers_statement("switch_statement")
def _switch(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """A chain of branches.  Cases that share a body are alternatives of one test, and what the
    subject does when it is computed is said once."""
    value = node.child_by_field_name("value")
    block = node.child_by_field_name("body")
    start, stop = node.start_byte - c.base, node.end_byte - c.base
    subject = ir.Unknown(start, start) if value is None else expression(c, value)
    runs = any(isinstance(one, ir.Call | ir.Lambda | ir.Await) for one in ir.walk(subject))
    again = ir.Unknown(subject.start, subject.end) if runs else subject
    in_switch, c.in_switch = c.in_switch, True
    cases = [] if block is None else code(block)
    depth = c.depth
    c.depth = depth + min(len(cases), LONG)
    branches: list[ir.Branch] = []
    tests: list[ir.Expr] = []
    begin = start
    orelse: tuple[ir.Stmt, ...] = ()
    for case in cases:
        pattern = case.child_by_field_name("value")
        inner = [child for child in code(case) if child != pattern]
        if branches and not tests:
            begin = case.start_byte - c.base
        if case.type == "switch_default":
            orelse = statements(c, inner)
            tests.clear()
        elif case.type == "switch_case" and pattern is not None:
            operands = (subject, expression(c, pattern))
            tests.append(ir.Operator(operands[1].start, operands[1].end, "case", operands))
            subject = again
            if inner or case.id == cases[-1].id:
                branches.append(ir.Branch(begin, stop, _any(tests), statements(c, inner)))
                tests.clear()
        else:
            statement(c, case, out)
    c.depth = depth
    c.in_switch = in_switch
    if not branches:
        out.append(ir.Evaluate(subject.start, subject.end, subject))
    _chained(branches, orelse, out)


def _any(tests: list[ir.Expr]) -> ir.Expr:
    if len(tests) == 1:
        return tests[0]
    return ir.Operator(tests[0].start, tests[-1].end, "||", tuple(tests))


# Loops and jumps ---------------------------------------------------------------------------------


def _looped(c: Context, node: ts.Node | None) -> tuple[ir.Stmt, ...]:
    in_switch, c.in_switch = c.in_switch, False
    found = body(c, node)
    c.in_switch = in_switch
    return found


@lowers_statement("for_in_statement")
def _for_in(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    target = node.child_by_field_name("left")
    iterable = node.child_by_field_name("right")
    block = _looped(c, node.child_by_field_name("body"))
    words = [child.type for child in node.children[:3]]
    out.append(
        ir.Loop(
            node.start_byte - c.base,
            node.end_byte - c.base,
            "each",
            None if target is None else expression(c, target),
            None if iterable is None else expression(c, iterable),
            block,
            is_async="await" in words,
        )
    )


@lowers_statement("for_statement")
def _for(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """`for (first; test; step)`: the first before the loop, the step at the end of its body."""
    first = node.child_by_field_name("initializer")
    test = node.child_by_field_name("condition")
    step = node.child_by_field_name("increment")
    if first is not None and first.type not in {";", "empty_statement"}:
        if first.type in {"lexical_declaration", "variable_declaration"}:
            statement(c, first, out)
        else:
            evaluated(c, first, first.start_byte - c.base, first.end_byte - c.base, out)
    found = list(_looped(c, node.child_by_field_name("body")))
    if step is not None and step.is_named:
        evaluated(c, step, step.start_byte - c.base, step.end_byte - c.base, found)
    out.append(_while(c, node, test, tuple(found)))


@lowers_statement("while_statement", "do_statement")
def _while_statement(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    block = _looped(c, node.child_by_field_name("body"))
    out.append(_while(c, node, node.child_by_field_name("condition"), block))


def _while(c: Context, node: ts.Node, test: ts.Node | None, block: tuple[ir.Stmt, ...]) -> ir.Loop:
    value = None
    if test is not None and test.is_named and test.type not in NO_CODE:
        value = unwrapped(test)
        if value.type == "expression_statement":
            value = next(iter(code(value)), value)
    return ir.Loop(
        node.start_byte - c.base,
        node.end_byte - c.base,
        "while",
        None,
        None if value is None else expression(c, value),
        block,
    )


@lowers_statement("break_statement")
def _break(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """A `break` that ends a `switch` is nothing in a chain of branches."""
    if c.in_switch and not code(node):
        return
    out.append(ir.Jump(node.start_byte - c.base, node.end_byte - c.base, "break"))


@lowers_statement("continue_statement")
def _continue(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    out.append(ir.Jump(node.start_byte - c.base, node.end_byte - c.base, "continue"))


@lowers_statement("return_statement")
def _return(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    inner = code(node)
    value = None
    if inner:
        value = expression(c, inner[0]) if len(inner) == 1 else unknown(c, node)
    out.append(ir.Return(node.start_byte - c.base, node.end_byte - c.base, value))


@lowers_statement("throw_statement")
def _throw(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    inner = code(node)
    value = expression(c, inner[0]) if inner else None
    out.append(ir.Raise(node.start_byte - c.base, node.end_byte - c.base, value))


# The rest ----------------------------------------------------------------------------------------


@lowers_statement("try_statement")
def _try(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    block: tuple[ir.Stmt, ...] = ()
    handlers: list[ir.Handler] = []
    final: tuple[ir.Stmt, ...] = ()
    for child in node.named_children:
        kind = child.type
        if kind == "statement_block":
            block = body(c, child)
        elif kind == "catch_clause":
            handlers.append(_handler(c, child))
        elif kind == "finally_clause":
            final = body(c, child.child_by_field_name("body"))
        elif kind not in NO_CODE:
            statement(c, child, out)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    out.append(ir.Try(start, end, block, tuple(handlers), (), final))


def _handler(c: Context, node: ts.Node) -> ir.Handler:
    parameter = node.child_by_field_name("parameter")
    block = body(c, node.child_by_field_name("body"))
    name = ""
    if parameter is not None and parameter.type == "identifier":
        name = c.source(parameter)
    elif parameter is not None:
        at, end = parameter.start_byte - c.base, parameter.end_byte - c.base
        block = (ir.Assign(at, end, (expression(c, parameter),), None), *block)
    return ir.Handler(node.start_byte - c.base, node.end_byte - c.base, None, name, block)


@lowers_statement("labeled_statement")
def _labelled(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    inner = node.child_by_field_name("body")
    if inner is not None:
        statement(c, inner, out)


@lowers_statement("statement_block", "with_statement", "ambient_declaration")
@lowers_statement("module", "internal_module")
def _inner_statements(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """A block, and what has one without being a function."""
    tested: list[ir.Expr] = []
    found: list[ir.Stmt] = []
    for child in node.named_children:
        kind = child.type
        if kind == "parenthesized_expression":
            tested.append(expression(c, child))
        elif kind == "statement_block" and node.type != "statement_block":
            found += body(c, child)
        elif kind not in _LABELS:
            statement(c, child, found)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    out.append(ir.Other(start, end, tuple(tested), tuple(found)))


_LABELS: Final = frozenset({"identifier", "nested_identifier", "string", "property_identifier"})


@lowers_statement("enum_declaration", "interface_declaration", "type_alias_declaration")
def _type(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """What a type says, and the values of an enumeration."""
    found: list[ir.Expr] = []
    for child in node.named_children:
        kind = child.type
        if kind == "enum_body":
            found += [expression(c, one[1]) for one in map(code, code(child)) if len(one) > 1]
        elif kind not in _TYPE_NAMES:
            found.append(expression(c, child))
    start, end = node.start_byte - c.base, node.end_byte - c.base
    out.append(ir.Other(start, end, tuple(found)))


_TYPE_NAMES: Final = NO_CODE | {
    "identifier",
    "type_identifier",
    "type_parameters",
    "extends_type_clause",
}


@lowers_statement("debugger_statement")
def _debugger(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    out.append(ir.Other(node.start_byte - c.base, node.end_byte - c.base))

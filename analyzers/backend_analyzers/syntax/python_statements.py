"""Python's statements.  What Python 2 had besides is read as far as the grammar reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import (
    DEPTH_LIMIT,
    EXPRESSIONS,
    NO_CODE,
    STATEMENTS,
    Context,
    expression,
    expressions,
    lowers_statement,
    optional,
)
from backend_analyzers.syntax.python_imports import imports


def statement(c: Context, node: ts.Node) -> ir.Stmt:
    """The ir of any node as a statement."""
    kind = node.type
    lower = STATEMENTS.get(kind)
    if lower is None:
        if kind in EXPRESSIONS or kind == "identifier":
            start, end = node.start_byte - c.base, node.end_byte - c.base
            return ir.Evaluate(start, end, expression(c, node))
        lower = other
    if c.depth >= DEPTH_LIMIT:
        return ir.Other(node.start_byte - c.base, node.end_byte - c.base)
    c.depth += 1
    result = lower(c, node)
    c.depth -= 1
    return result


def statements(c: Context, nodes: Iterable[ts.Node]) -> tuple[ir.Stmt, ...]:
    """A run of statements; an `import a, b` is several."""
    out: list[ir.Stmt] = []
    for node in nodes:
        kind = node.type
        if kind == "import_statement":
            out += imports(c, node)
        elif kind not in NO_CODE and node.is_named:
            out.append(statement(c, node))
    return tuple(out)


def other(c: Context, node: ts.Node) -> ir.Stmt:
    return gathered(c, node.start_byte, node.end_byte, node.named_children)


def gathered(c: Context, start: int, end: int, children: Iterable[ts.Node]) -> ir.Other:
    """What has no word in the ir, and errors: their expressions and statements, side by side."""
    found: list[ir.Expr] = []
    body: list[ir.Stmt] = []
    for child in children:
        kind = child.type
        if kind == "block":
            body += statements(c, child.named_children)
        elif kind == "import_statement":
            body += imports(c, child)
        elif kind in STATEMENTS or kind == "ERROR":
            body.append(statement(c, child))
        elif kind not in NO_CODE:
            found.append(expression(c, child))
    return ir.Other(start - c.base, end - c.base, tuple(found), tuple(body))


lowers_statement(
    "assert_statement",
    "delete_statement",
    "exec_statement",
    "global_statement",
    "nonlocal_statement",
    "pass_statement",
    "print_statement",
)(other)


def suite(c: Context, node: ts.Node) -> tuple[ir.Stmt, ...]:
    """The body of a compound statement, with what error recovery put in front of it."""
    out: tuple[ir.Stmt, ...] = ()
    for child in node.children:
        kind = child.type
        if kind == "block":
            out += statements(c, child.named_children)
        elif kind == "ERROR":
            out += statements(c, (child,))
    return out


# Simple statements -----------------------------------------------------------------------------


@lowers_statement("expression_statement")
def _expression_statement(c: Context, node: ts.Node) -> ir.Stmt:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    children = [child for child in node.named_children if child.type not in NO_CODE]
    if len(children) == 1 and node.child_count == 1:
        child = children[0]
        kind = child.type
        if kind in {"assignment", "augmented_assignment"}:
            return statement(c, child)
        return ir.Evaluate(start, end, expression(c, child))
    values = [expression(c, child) for child in children]
    entries = tuple([ir.Entry(value.start, value.end, value) for value in values])
    return ir.Evaluate(start, end, ir.Collection(start, end, "tuple", entries))


@lowers_statement("assignment")
def _assignment(c: Context, node: ts.Node) -> ir.Stmt:
    """`a = b = c` nests to the right."""
    targets: list[ir.Expr] = []
    annotation: ir.Expr | None = None
    at: ts.Node | None = node
    while at is not None and at.type == "assignment":
        left = at.child_by_field_name("left")
        if left is not None:
            targets.append(expression(c, left))
        declared = at.child_by_field_name("type")
        if declared is not None:
            annotation = expression(c, declared)
        at = at.child_by_field_name("right")
    value = optional(c, at)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Assign(start, end, tuple(targets), value, annotation)


@lowers_statement("augmented_assignment")
def _augmented(c: Context, node: ts.Node) -> ir.Stmt:
    parts = expressions(c, node.named_children)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    operator = node.child_by_field_name("operator")
    if operator is None or len(parts) != 2:  # noqa: PLR2004 - an error inside
        return ir.Other(start, end, parts)
    return ir.Assign(start, end, (parts[0],), parts[1], None, operator.type.removesuffix("="))


@lowers_statement("type_alias_statement")
def _type_alias(c: Context, node: ts.Node) -> ir.Stmt:
    parts = expressions(c, node.named_children)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if len(parts) != 2:  # noqa: PLR2004 - an error inside
        return ir.Other(start, end, parts)
    target, value = parts
    if isinstance(target, ir.Index):
        target = target.value
    return ir.Assign(start, end, (target,), value)


@lowers_statement("return_statement")
def _return(c: Context, node: ts.Node) -> ir.Stmt:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    parts = expressions(c, node.named_children)
    if len(parts) > 1:
        return ir.Return(start, end, ir.Unknown(parts[0].start, parts[-1].end, parts))
    return ir.Return(start, end, parts[0] if parts else None)


@lowers_statement("raise_statement")
def _raise(c: Context, node: ts.Node) -> ir.Stmt:
    """`raise x from cause` is `raise x`, unless the cause does something."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    parts = expressions(c, node.named_children)
    if not parts:
        return ir.Raise(start, end, None)
    value = parts[0]
    if any(not isinstance(part, ir.Name | ir.Attribute | ir.Constant) for part in parts[1:]):
        value = ir.Operator(value.start, parts[-1].end, "from", parts)
    return ir.Raise(start, end, value)


@lowers_statement("break_statement")
def _break(c: Context, node: ts.Node) -> ir.Stmt:
    return ir.Jump(node.start_byte - c.base, node.end_byte - c.base, "break")


@lowers_statement("continue_statement")
def _continue(c: Context, node: ts.Node) -> ir.Stmt:
    return ir.Jump(node.start_byte - c.base, node.end_byte - c.base, "continue")


# Compound statements ---------------------------------------------------------------------------


@lowers_statement("if_statement")
def _if(c: Context, node: ts.Node) -> ir.Stmt:
    clauses = [node]
    orelse: tuple[ir.Stmt, ...] = ()
    for child in node.named_children:
        kind = child.type
        if kind == "elif_clause":
            clauses.append(child)
        elif kind == "else_clause":
            orelse = suite(c, child)
    branches = [(clause, _condition(c, clause)) for clause in clauses]
    return _chained(c, node, branches, orelse)


def _condition(c: Context, clause: ts.Node) -> ir.Expr:
    test = optional(c, clause.child_by_field_name("condition"))
    start = clause.start_byte - c.base
    return test or ir.Unknown(start, start)


def _chained(
    c: Context,
    node: ts.Node,
    clauses: list[tuple[ts.Node, ir.Expr]],
    orelse: tuple[ir.Stmt, ...],
) -> ir.Stmt:
    """Branches that exclude each other, each in the `orelse` of the one before.  What is beyond
    the depth that the ir may have goes flat into an `Other`."""
    room = max(1, DEPTH_LIMIT - c.depth)
    end = node.end_byte - c.base
    far = [clause for clause, _ in clauses[room:]]
    if far:
        tests = tuple([test for _, test in clauses[room:]])
        start = far[0].start_byte - c.base
        body = tuple([inner for clause in far for inner in suite(c, clause)])
        orelse = (ir.Other(start, end, tests, body + orelse),)
    at = min(len(clauses), room)
    c.depth += at
    for clause, test in reversed(clauses[:at]):
        start = (node if clause is clauses[0][0] else clause).start_byte - c.base
        orelse = (ir.Branch(start, end, test, suite(c, clause), orelse),)
        c.depth -= 1
    return orelse[0]


@lowers_statement("match_statement")
def _match(c: Context, node: ts.Node) -> ir.Stmt:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    subjects = expressions(c, node.children_by_field_name("subject"))
    if len(subjects) == 1:
        subject = subjects[0]
    else:
        entries = tuple([ir.Entry(item.start, item.end, item) for item in subjects])
        first, after = (subjects[0].start, subjects[-1].end) if subjects else (start, start)
        subject = ir.Collection(first, after, "tuple", entries)
    clauses = [
        clause
        for block in node.named_children
        if block.type == "block"
        for clause in block.named_children
        if clause.type == "case_clause"
    ]
    if not clauses:
        return ir.Other(start, end, (subject,), suite(c, node))
    branches = [(clause, _case(c, clause, subject)) for clause in clauses]
    return _chained(c, node, branches, ())


def _case(c: Context, node: ts.Node, subject: ir.Expr) -> ir.Expr:
    patterns: list[ir.Expr] = []
    guard: ir.Expr | None = None
    for child in node.named_children:
        if child.type == "if_clause":
            guard = expression(c, child)
        elif child.type not in _NO_PATTERN:
            patterns.append(expression(c, child))
    start = node.start_byte - c.base
    pattern: ir.Expr = ir.Unknown(start, start)
    if len(patterns) == 1:
        pattern = patterns[0]
    elif patterns:
        entries = tuple([ir.Entry(item.start, item.end, item) for item in patterns])
        pattern = ir.Collection(patterns[0].start, patterns[-1].end, "tuple", entries)
    test = ir.Operator(pattern.start, pattern.end, "case", (subject, pattern))
    if guard is None:
        return test
    return ir.Operator(test.start, guard.end, "and", (test, guard))


_NO_PATTERN: Final = NO_CODE | {"block", "ERROR"}


@lowers_statement("for_statement", "while_statement")
def _loop(c: Context, node: ts.Node) -> ir.Stmt:
    is_for = node.type == "for_statement"
    target = iterable = None
    if is_for:
        target = optional(c, node.child_by_field_name("left"))
        iterable = optional(c, node.child_by_field_name("right"))
    else:
        iterable = optional(c, node.child_by_field_name("condition"))
    orelse: tuple[ir.Stmt, ...] = ()
    alternative = node.child_by_field_name("alternative")
    if alternative is not None:
        orelse = suite(c, alternative)
    return ir.Loop(
        node.start_byte - c.base,
        node.end_byte - c.base,
        "each" if is_for else "while",
        target,
        iterable,
        suite(c, node),
        orelse,
        is_async(node),
    )


def is_async(node: ts.Node) -> bool:
    return node.children[0].type == "async"


@lowers_statement("try_statement")
def _try(c: Context, node: ts.Node) -> ir.Stmt:
    handlers: list[ir.Handler] = []
    orelse: tuple[ir.Stmt, ...] = ()
    final: tuple[ir.Stmt, ...] = ()
    for child in node.named_children:
        kind = child.type
        if kind in {"except_clause", "except_group_clause"}:
            handlers.append(_handler(c, child))
        elif kind == "else_clause":
            orelse = suite(c, child)
        elif kind == "finally_clause":
            final = suite(c, child)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Try(start, end, suite(c, node), tuple(handlers), orelse, final)


def _handler(c: Context, node: ts.Node) -> ir.Handler:
    """`except A, B:` catches both, as in Python 3.14."""
    values = expressions(c, node.children_by_field_name("value"))
    catches: ir.Expr | None = None
    name = ""
    if len(values) == 1:
        catches = values[0]
        if isinstance(catches, ir.Operator) and catches.operator == "as":
            bound = catches.operands[-1]
            name = bound.id if isinstance(bound, ir.Name) else ""
            catches = catches.operands[0]
    elif values:
        entries = tuple([ir.Entry(value.start, value.end, value) for value in values])
        catches = ir.Collection(values[0].start, values[-1].end, "tuple", entries)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Handler(start, end, catches, name, suite(c, node))


@lowers_statement("with_statement")
def _with(c: Context, node: ts.Node) -> ir.Stmt:
    items = []
    for clause in node.named_children:
        if clause.type == "with_clause":
            for item in clause.named_children:
                if item.type not in NO_CODE:
                    items += _managed(c, item)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.With(start, end, tuple(items), suite(c, node), is_async(node))


def _managed(c: Context, node: ts.Node) -> list[ir.Managed]:
    out = []
    for context in expressions(c, node.named_children if node.type == "with_item" else (node,)):
        target: ir.Expr | None = None
        value = context
        if isinstance(context, ir.Operator) and context.operator == "as":
            value, target = context.operands[0], context.operands[-1]
        out.append(ir.Managed(context.start, context.end, value, target))
    return out

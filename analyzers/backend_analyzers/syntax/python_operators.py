"""Python's operators, and the expressions that hold a function or a pattern."""

from __future__ import annotations

from typing import Final, Literal

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import (
    DEPTH_LIMIT,
    NO_CODE,
    Context,
    expression,
    expressions,
    lowers_expression,
    optional,
    unknown,
)
from backend_analyzers.syntax.python_expressions import arguments


@lowers_expression("binary_operator", "boolean_operator")
def _binary(c: Context, node: ts.Node) -> ir.Expr:
    """`a + b + c` leans to the left.  A long chain becomes one operator with many operands (or is
    unknown, when its operators differ), so that the ir stays shallow."""
    rights: list[tuple[str, ts.Node]] = []
    kind = node.type
    left = node
    while left.type == kind:
        parts = [child for child in left.children if child.type not in NO_CODE]
        if len(parts) != 3:  # noqa: PLR2004 - an error inside
            break
        rights.append((parts[1].type, parts[2]))
        left = parts[0]
    if not rights:
        return unknown(c, node)
    rights.reverse()
    if len(rights) > min(_LONG, DEPTH_LIMIT - c.depth):
        return _long(c, node, left, rights)
    c.depth += len(rights)
    value = unknown(c, left) if left.type == kind else expression(c, left)
    for operator, right in rights:
        operand = expression(c, right)
        value = ir.Operator(value.start, right.end_byte - c.base, operator, (value, operand))
    c.depth -= len(rights)
    return value


_LONG: Final = 40


def _long(c: Context, node: ts.Node, left: ts.Node, rights: list[tuple[str, ts.Node]]) -> ir.Expr:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    nodes = [left, *(right for _, right in rights)]
    if left.type == node.type:
        operands = (unknown(c, left), *expressions(c, nodes[1:]))
    else:
        operands = expressions(c, nodes)
    operators = {operator for operator, _ in rights}
    if len(operators) == 1:
        return ir.Operator(start, end, operators.pop(), operands)
    return ir.Unknown(start, end, operands)


@lowers_expression("comparison_operator")
def _comparison(c: Context, node: ts.Node) -> ir.Expr:
    """`a < b < c` is `a < b and b < c`."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    operators: list[str] = []
    operands: list[ir.Expr] = []
    for child in node.children:
        if not child.is_named:
            operators.append(child.type)
        elif child.type not in NO_CODE:
            operands.append(expression(c, child))
    if len(operands) != len(operators) + 1:
        return ir.Unknown(start, end, tuple(operands))
    pairs = [
        ir.Operator(left.start, right.end, operator, (left, right))
        for operator, left, right in zip(operators, operands, operands[1:], strict=False)
    ]
    if len(pairs) == 1:
        return ir.Operator(start, end, operators[0], tuple(operands))
    return ir.Operator(start, end, "and", tuple(pairs))


@lowers_expression("unary_operator", "not_operator")
def _unary(c: Context, node: ts.Node) -> ir.Expr:
    operands = expressions(c, node.named_children)
    operator = node.children[0].type
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, operator, operands)


@lowers_expression("conditional_expression")
def _conditional(c: Context, node: ts.Node) -> ir.Expr:
    parts = expressions(c, node.named_children)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if len(parts) != 3:  # noqa: PLR2004 - an error inside
        return ir.Unknown(start, end, parts)
    then, test, otherwise = parts
    return ir.Operator(start, end, "?:", (test, then, otherwise))


@lowers_expression("named_expression")
def _named(c: Context, node: ts.Node) -> ir.Expr:
    parts = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, ":=", parts)


@lowers_expression("union_type", "union_pattern")
def _union(c: Context, node: ts.Node) -> ir.Expr:
    """A negative number in `1 | -1` is two children of the pattern."""
    parts: list[ir.Expr] = []
    minus: int | None = None
    for child in node.children:
        if child.type == "-":
            minus = child.start_byte - c.base
        elif child.is_named and child.type not in NO_CODE:
            value = expression(c, child)
            if minus is not None:
                value = ir.Operator(minus, value.end, "-", (value,))
                minus = None
            parts.append(value)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, "|", tuple(parts))


@lowers_expression("await")
def _await(c: Context, node: ts.Node) -> ir.Expr:
    parts = expressions(c, node.named_children)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Await(start, end, parts[0] if len(parts) == 1 else ir.Unknown(end, end, parts))


@lowers_expression("yield")
def _yield(c: Context, node: ts.Node) -> ir.Expr:
    c.yields = True
    delegates = any(child.type == "from" for child in node.children)
    operator = "yield from" if delegates else "yield"
    parts = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, operator, parts)


@lowers_expression("lambda")
def _lambda(c: Context, node: ts.Node) -> ir.Expr:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    outside, c.yields = c.yields, False
    c.depth += 2
    taken: tuple[ir.Parameter, ...] = ()
    declared = node.child_by_field_name("parameters")
    if declared is not None:
        taken = parameters(c, declared)
    value = optional(c, node.child_by_field_name("body"))
    body = () if value is None else (ir.Return(value.start, value.end, value),)
    c.depth -= 2
    is_generator, c.yields = c.yields, outside
    function = ir.Function(start, end, "", start, start, taken, body, is_generator=is_generator)
    return ir.Lambda(start, end, function)


def parameters(c: Context, node: ts.Node) -> tuple[ir.Parameter, ...]:
    """The parameters of a function; a bare `*` is one without a name, `/` is left out."""
    out = []
    for child in node.named_children:
        kind = child.type
        if kind == "identifier":
            start, end = child.start_byte - c.base, child.end_byte - c.base
            out.append(ir.Parameter(start, end, c.source(child)))
        elif kind != "positional_separator" and kind not in NO_CODE:
            out.append(_parameter(c, child))
    return tuple(out)


def _parameter(c: Context, node: ts.Node) -> ir.Parameter:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    kind = node.type
    if kind == "keyword_separator":
        return ir.Parameter(start, end, "", kind="*")
    annotation = default = None
    named = node
    if kind in {"typed_parameter", "typed_default_parameter"}:
        annotation = optional(c, node.child_by_field_name("type"))
    if kind in {"default_parameter", "typed_default_parameter"}:
        default = optional(c, node.child_by_field_name("value"))
    if kind in {"default_parameter", "typed_default_parameter", "typed_parameter"}:
        named = node.child_by_field_name("name") or node.children[0]
    star: Literal["", "*", "**"] = _STARS.get(named.type, "")
    if star and named.named_child_count:
        named = named.named_children[0]
    if named.type == "identifier":
        return ir.Parameter(start, end, c.source(named), annotation, default, star)
    return ir.Parameter(start, end, "", annotation, default, star, expression(c, named))


_STARS: Final[dict[str, Literal["", "*", "**"]]] = {
    "list_splat_pattern": "*",
    "dictionary_splat_pattern": "**",
}


# Patterns of `match` ---------------------------------------------------------------------------


@lowers_expression("class_pattern")
def _class_pattern(c: Context, node: ts.Node) -> ir.Expr:
    name, *_ = node.named_children
    passed = tuple(arguments(c, node)[1:])
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Call(start, end, expression(c, name), passed)


@lowers_expression("dict_pattern")
def _dict_pattern(c: Context, node: ts.Node) -> ir.Expr:
    out: list[ir.Entry] = []
    key: ir.Expr | None = None
    for child in node.named_children:
        if child.type in NO_CODE:
            continue
        value = expression(c, child)
        if child.type == "splat_pattern":
            out.append(ir.Entry(value.start, value.end, value, None, spread=True))
        elif key is None:
            key = value
        else:
            out.append(ir.Entry(key.start, value.end, value, key))
            key = None
    if key is not None:
        out.append(ir.Entry(key.start, key.end, key))
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Collection(start, end, "mapping", tuple(out))


@lowers_expression("splat_pattern")
def _splat(c: Context, node: ts.Node) -> ir.Expr:
    """`*rest` of a case, which binds `rest`."""
    name = node.children[-1]
    start, end = name.start_byte - c.base, name.end_byte - c.base
    return ir.Name(start, end, c.source(name)) if start < end else ir.Unknown(start, end)


@lowers_expression("as_pattern")
def _as_pattern(c: Context, node: ts.Node) -> ir.Expr:
    parts = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, "as", parts)

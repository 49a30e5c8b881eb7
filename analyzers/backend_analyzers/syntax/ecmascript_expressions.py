"""The expressions and patterns of JavaScript and TypeScript."""

from __future__ import annotations

from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    DEPTH_LIMIT,
    LONG,
    NO_CODE,
    Context,
    code,
    expression,
    expressions,
    lowers_expression,
    sole,
    unknown,
    unwrapped,
)
from backend_analyzers.syntax.ecmascript_text import plain, string, template

_LINKS: Final = frozenset(
    {
        "member_expression",
        "call_expression",
        "subscript_expression",
        "nested_identifier",
        "nested_type_identifier",
    }
)
_ROOM: Final = 30
"""How much of the depth a chain leaves for what is at its root and in its arguments."""


@lowers_expression(*_LINKS)
def _chain(c: Context, node: ts.Node) -> ir.Expr:
    """`a.b(c)[d]…`, walked from its end to its root: builders chain for hundreds of links.

    Of a chain too long for the depth of the ir, the links near the root become `Unknown`.
    """
    links: list[tuple[ts.Node, str, list[ts.Node]]] = []
    kind = node.type
    while kind in _LINKS:
        children = node.children
        if not children:
            break
        links.append((node, kind, children))
        node = children[0]
        kind = node.type
        while kind in {"parenthesized_expression", "non_null_expression"} and (inner := code(node)):
            node = inner[0]
            kind = node.type
    if not links:
        return unknown(c, node)
    depth = c.depth
    kept = min(len(links), max(DEPTH_LIMIT - depth - _ROOM, 1))
    c.depth = depth + kept
    value = expression(c, node)
    if kept < len(links):
        value = _flat(c, value, links[kept:])
    for link, kind, children in reversed(links[:kept]):
        value = _link(c, value, link, kind, children)
        c.depth -= 1
    c.depth = depth
    return value


def _flat(c: Context, root: ir.Expr, links: list[tuple[ts.Node, str, list[ts.Node]]]) -> ir.Unknown:
    found = [root]
    for _, kind, children in reversed(links):
        if kind in {"call_expression", "subscript_expression"}:
            found += [expression(c, child) for child in children[1:] if child.is_named]
    return ir.Unknown(root.start, links[0][0].end_byte - c.base, tuple(found))


def _link(c: Context, value: ir.Expr, node: ts.Node, kind: str, children: list[ts.Node]) -> ir.Expr:
    base = c.base
    start = min(node.start_byte - base, value.start)
    end = node.end_byte - base
    last = children[-1]
    if kind == "call_expression":
        if last.type == "template_string":
            return template(c, last, value)
        return ir.Call(start, end, value, arguments(c, last))
    if kind == "subscript_expression":
        index = [child for child in children[1:] if child.is_named and child.type not in _MARKS]
        if len(index) != 1:
            return ir.Unknown(start, end, (value, *expressions(c, index)))
        return ir.Index(start, end, value, expression(c, index[0]))
    at = last.start_byte
    name = c.text[at : last.end_byte].decode(errors="replace")
    if last.type in _PROPERTIES and name:
        return ir.Attribute(start, end, value, name, at - base)
    rest = [child for child in children[1:] if child.is_named and child.type not in _MARKS]
    return ir.Unknown(start, end, (value, *expressions(c, rest))) if name else value


_MARKS: Final = NO_CODE | {"optional_chain"}
_PROPERTIES: Final = frozenset(
    {"property_identifier", "private_property_identifier", "type_identifier", "identifier"}
)


def arguments(c: Context, node: ts.Node) -> tuple[ir.Argument, ...]:
    """The arguments in parentheses."""
    found = []
    for child in node.named_children:
        kind = child.type
        if kind in NO_CODE:
            continue
        start, end = child.start_byte - c.base, child.end_byte - c.base
        if kind == "spread_element":
            found.append(ir.Argument(start, end, sole(c, child), "", "*"))
        else:
            found.append(ir.Argument(start, end, expression(c, child)))
    return tuple(found)


@lowers_expression("new_expression")
def _new(c: Context, node: ts.Node) -> ir.Expr:
    function: ir.Expr | None = None
    given: tuple[ir.Argument, ...] = ()
    for child in code(node):
        kind = child.type
        if kind == "arguments":
            given = arguments(c, child)
        elif function is None:
            function = expression(c, child)
    if function is None:
        return unknown(c, node)
    return ir.Call(node.start_byte - c.base, node.end_byte - c.base, function, given, new=True)


@lowers_expression("parenthesized_expression")
def _parenthesized(c: Context, node: ts.Node) -> ir.Expr:
    inner = unwrapped(node)
    return unknown(c, node) if inner.type == "parenthesized_expression" else expression(c, inner)


@lowers_expression(
    "as_expression",
    "satisfies_expression",
    "instantiation_expression",
    "non_null_expression",
)
def _typed(c: Context, node: ts.Node) -> ir.Expr:
    """What a type is said about; the saying has no meaning when the program runs."""
    inner = code(node)
    return expression(c, inner[0]) if inner else unknown(c, node)


@lowers_expression("type_assertion")
def _asserted(c: Context, node: ts.Node) -> ir.Expr:
    inner = code(node)
    return expression(c, inner[-1]) if inner else unknown(c, node)


@lowers_expression("decorator", "computed_property_name", "template_substitution")
def _inner(c: Context, node: ts.Node) -> ir.Expr:
    return sole(c, node)


# Operators ---------------------------------------------------------------------------------------


@lowers_expression("binary_expression")
def _binary(c: Context, node: ts.Node) -> ir.Expr:
    """`a + b + c` leans to the left.  A long chain becomes one operator with many operands (or is
    unknown, when its operators differ), so that the ir stays shallow."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    rights: list[tuple[str, ts.Node]] = []
    left = node
    while left.type == "binary_expression":
        parts = left.children
        if len(parts) != 3:  # noqa: PLR2004
            parts = [child for child in parts if child.type not in NO_CODE]
        if len(parts) != 3:  # noqa: PLR2004 - an error inside
            break
        rights.append((parts[1].type, parts[2]))
        left = parts[0]
    if not rights:
        return unknown(c, node)
    rights.reverse()
    is_broken = left.type == "binary_expression"
    if len(rights) > min(LONG, DEPTH_LIMIT - c.depth):
        first = unknown(c, left) if is_broken else expression(c, left)
        operands = (first, *(expression(c, right) for _, right in rights))
        operators = {operator for operator, _ in rights}
        if len(operators) == 1:
            return ir.Operator(start, end, operators.pop(), operands)
        return ir.Unknown(start, end, operands)
    depth = c.depth
    c.depth = depth + len(rights)
    value = unknown(c, left) if is_broken else expression(c, left)
    start = min(start, value.start)
    for operator, right in rights:
        operand = expression(c, right)
        value = ir.Operator(start, right.end_byte - c.base, operator, (value, operand))
    c.depth = depth
    return value


@lowers_expression("unary_expression", "update_expression")
def _unary(c: Context, node: ts.Node) -> ir.Expr:
    operator = "".join(child.type for child in node.children if not child.is_named)
    operands = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, operator, operands)


@lowers_expression("yield_expression")
def _yield(c: Context, node: ts.Node) -> ir.Expr:
    operator = "".join(child.type for child in node.children if not child.is_named)
    operands = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, operator, operands)


@lowers_expression("ternary_expression")
def _ternary(c: Context, node: ts.Node) -> ir.Expr:
    operands = expressions(c, node.named_children)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if len(operands) != 3:  # noqa: PLR2004 - an error inside
        return ir.Unknown(start, end, operands)
    return ir.Operator(start, end, "?:", operands)


@lowers_expression("sequence_expression")
def _sequence(c: Context, node: ts.Node) -> ir.Expr:
    operands = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, ",", operands)


@lowers_expression(
    "assignment_expression",
    "augmented_assignment_expression",
    "assignment_pattern",
    "object_assignment_pattern",
)
def _assignment(c: Context, node: ts.Node) -> ir.Expr:
    """An assignment inside an expression, and a pattern with a default."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    operands = expressions(c, node.named_children)
    if len(operands) != 2:  # noqa: PLR2004 - an error inside
        return ir.Unknown(start, end, operands)
    operator = next((child.type for child in node.children[1:] if child.type.endswith("=")), "=")
    return ir.Operator(start, end, operator, operands)


@lowers_expression("await_expression")
def _await(c: Context, node: ts.Node) -> ir.Expr:
    return ir.Await(node.start_byte - c.base, node.end_byte - c.base, sole(c, node))


# Collections -------------------------------------------------------------------------------------


@lowers_expression("array", "array_pattern")
def _array(c: Context, node: ts.Node) -> ir.Expr:
    """A list; what is left out between two commas is unknown, so that positions hold."""
    entries: list[ir.Entry] = []
    is_left_out = True
    for child in node.children[1:]:
        kind = child.type
        start, end = child.start_byte - c.base, child.end_byte - c.base
        if kind == ",":
            if is_left_out:
                entries.append(ir.Entry(start, start, ir.Unknown(start, start)))
            is_left_out = True
        elif child.is_named and kind not in NO_CODE:
            is_spread = kind in _SPREADS
            value = sole(c, child) if is_spread else expression(c, child)
            entries.append(ir.Entry(start, end, value, None, is_spread))
            is_left_out = False
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Collection(start, end, "list", tuple(entries))


_SPREADS: Final = frozenset({"spread_element", "rest_pattern"})


@lowers_expression("object", "object_pattern")
def _object(c: Context, node: ts.Node) -> ir.Expr:
    entries = [_entry(c, child) for child in node.named_children if child.type not in NO_CODE]
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Collection(start, end, "mapping", tuple(entries))


def _entry(c: Context, node: ts.Node) -> ir.Entry:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    kind = node.type
    if kind in {"pair", "pair_pattern"}:
        inner = code(node)
        if len(inner) == 2:  # noqa: PLR2004
            return ir.Entry(start, end, expression(c, inner[1]), key(c, inner[0]))
    elif kind in {"shorthand_property_identifier", "shorthand_property_identifier_pattern"}:
        name = plain(c, node.start_byte, node.end_byte)
        return ir.Entry(start, end, expression(c, node), name)
    elif kind in _SPREADS:
        return ir.Entry(start, end, sole(c, node), spread=True)
    elif kind == "object_assignment_pattern":
        inner = code(node)
        if len(inner) == 2 and inner[0].type == "shorthand_property_identifier_pattern":  # noqa: PLR2004
            name = plain(c, inner[0].start_byte, inner[0].end_byte)
            return ir.Entry(start, end, expression(c, node), name)
    elif kind == "method_definition":
        name_node = node.child_by_field_name("name")
        if name_node is not None:
            return ir.Entry(start, end, expression(c, node), key(c, name_node))
    return ir.Entry(start, end, expression(c, node))


def key(c: Context, node: ts.Node) -> ir.Expr:
    """The name of a property: text, unless it is computed."""
    kind = node.type
    if kind == "computed_property_name":
        return sole(c, node)
    if kind == "string":
        return string(c, node)
    return plain(c, node.start_byte, node.end_byte)

"""TypeScript's types, as the expressions that they resemble."""

from __future__ import annotations

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    Context,
    code,
    expression,
    lowers_expression,
    sole,
    unknown,
)
from backend_analyzers.syntax.ecmascript_expressions import key


@lowers_expression(
    "type_annotation",
    "parenthesized_type",
    "readonly_type",
    "literal_type",
    "default_type",
    "optional_type",
    "rest_type",
    "flow_maybe_type",
)
def _inner(c: Context, node: ts.Node) -> ir.Expr:
    return sole(c, node)


@lowers_expression("generic_type")
def _generic(c: Context, node: ts.Node) -> ir.Expr:
    """`Promise<Order>`"""
    inner = code(node)
    if len(inner) != 2:  # noqa: PLR2004 - an error inside
        return unknown(c, node)
    return indexed(c, expression(c, inner[0]), inner[1])


def indexed(c: Context, value: ir.Expr, arguments: ts.Node) -> ir.Expr:
    """`value<arguments>`; several arguments are a tuple."""
    start, end = arguments.start_byte - c.base, arguments.end_byte - c.base
    types = [expression(c, child) for child in code(arguments)]
    if not types:
        return value
    if len(types) == 1:
        return ir.Index(value.start, end, value, types[0])
    entries = tuple(ir.Entry(one.start, one.end, one) for one in types)
    return ir.Index(value.start, end, value, ir.Collection(start, end, "tuple", entries))


@lowers_expression("array_type")
def _array(c: Context, node: ts.Node) -> ir.Expr:
    """`T[]` is `Array<T>`."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Index(start, end, ir.Name(end, end, "Array"), sole(c, node))


@lowers_expression("union_type", "intersection_type")
def _union(c: Context, node: ts.Node) -> ir.Expr:
    """`A | B | C` is one operator, however long."""
    kind = node.type
    operands: list[ts.Node] = []
    left = node
    while left.type == kind:
        inner = code(left)
        if not inner:
            break
        operands += reversed(inner[1:])
        left = inner[0]
    operands.append(left)
    types = tuple(expression(c, one) for one in reversed(operands) if one.type != kind)
    if len(types) == 1:
        return types[0]
    operator = "|" if kind == "union_type" else "&"
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, operator, types)


@lowers_expression("tuple_type")
def _tuple(c: Context, node: ts.Node) -> ir.Expr:
    entries = tuple(ir.Entry(one.start, one.end, one) for one in unknown(c, node).children)
    return ir.Collection(node.start_byte - c.base, node.end_byte - c.base, "tuple", entries)


@lowers_expression("object_type", "interface_body")
def _object(c: Context, node: ts.Node) -> ir.Expr:
    """`{ id: string; name?: string }` is a mapping of names to types."""
    entries = []
    for child in node.named_children:
        if child.type != "property_signature":
            continue
        name = child.child_by_field_name("name")
        annotation = child.child_by_field_name("type")
        if name is None:
            continue
        start, end = child.start_byte - c.base, child.end_byte - c.base
        type_ = ir.Unknown(end, end) if annotation is None else expression(c, annotation)
        entries.append(ir.Entry(start, end, type_, key(c, name)))
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Collection(start, end, "mapping", tuple(entries))


@lowers_expression(
    "function_type",
    "constructor_type",
    "conditional_type",
    "infer_type",
    "type_query",
    "index_type_query",
    "lookup_type",
    "type_predicate",
    "type_predicate_annotation",
    "asserts_annotation",
    "type_arguments",
    "type_parameters",
)
def _nothing(c: Context, node: ts.Node) -> ir.Expr:
    """Names in these are not names of values."""
    return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base)

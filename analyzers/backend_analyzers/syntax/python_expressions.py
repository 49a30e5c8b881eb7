"""Python's expressions, targets, types and patterns."""

from __future__ import annotations

from typing import Final, Literal

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import (
    NO_CODE,
    Context,
    expression,
    expressions,
    lowers_expression,
    optional,
    unknown,
)


@lowers_expression("attribute", "dotted_name", "member_type")
def _attribute(c: Context, node: ts.Node) -> ir.Expr:
    """`a.b`; in imports and patterns the grammar has all of `a.b.c` in one node."""
    names = [child for child in node.named_children if child.type not in NO_CODE]
    if not names:
        return unknown(c, node)
    value = expression(c, names[0])
    for name in names[1:]:
        start, end = name.start_byte - c.base, name.end_byte - c.base
        if start < end:
            value = ir.Attribute(value.start, end, value, c.source(name), start)
    return value


@lowers_expression("subscript")
def _subscript(c: Context, node: ts.Node) -> ir.Expr:
    value, *indices = expressions(c, node.named_children)
    return _indexed(node.end_byte - c.base, value, indices)


@lowers_expression("generic_type")
def _generic_type(c: Context, node: ts.Node) -> ir.Expr:
    value, *rest = [child for child in node.named_children if child.type not in NO_CODE]
    indices = [i for child in rest for i in expressions(c, child.named_children)]
    return _indexed(node.end_byte - c.base, expression(c, value), indices)


def _indexed(end: int, value: ir.Expr, indices: list[ir.Expr]) -> ir.Expr:
    if not indices:
        return ir.Index(value.start, end, value, ir.Unknown(end, end))
    index = indices[0]
    if len(indices) > 1:
        entries = tuple([ir.Entry(i.start, i.end, i) for i in indices])
        index = ir.Collection(index.start, indices[-1].end, "tuple", entries)
    return ir.Index(value.start, end, value, index)


@lowers_expression("slice")
def _slice(c: Context, node: ts.Node) -> ir.Expr:
    parts = expressions(c, node.named_children)
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, ":", parts)


@lowers_expression("call")
def _call(c: Context, node: ts.Node) -> ir.Expr:
    children = node.named_children
    function = expression(c, children[0])
    passed: list[ir.Argument] = []
    for child in children[1:]:
        if child.type == "argument_list":
            passed += arguments(c, child)
        elif child.type not in NO_CODE:
            value = expression(c, child)
            passed.append(ir.Argument(value.start, value.end, value))
    return ir.Call(node.start_byte - c.base, node.end_byte - c.base, function, tuple(passed))


def arguments(c: Context, node: ts.Node) -> list[ir.Argument]:
    """The arguments of a call, or the bases and keywords of a class."""
    out = []
    c.depth += 1
    for child in node.named_children:
        kind = child.type
        if kind in NO_CODE:
            continue
        start, end = child.start_byte - c.base, child.end_byte - c.base
        name = ""
        spread: Literal["", "*", "**"] = ""
        if kind in {"keyword_argument", "keyword_pattern"}:
            name_node = child.named_children[0]
            name = c.source(name_node)
            value = expression(c, child)
        elif kind in {"list_splat", "parenthesized_list_splat", "dictionary_splat"}:
            spread = "**" if kind == "dictionary_splat" else "*"
            value = _spread(c, child)
        elif kind == "case_pattern" and _is(child, "keyword_pattern"):
            out += arguments(c, child)
            continue
        else:
            value = expression(c, child)
        out.append(ir.Argument(start, end, value, name, spread))
    c.depth -= 1
    return out


def _is(node: ts.Node, kind: str) -> bool:
    return node.named_child_count > 0 and node.named_children[0].type == kind


@lowers_expression("keyword_argument", "keyword_pattern")
def _keyword(c: Context, node: ts.Node) -> ir.Expr:
    return _last(c, node)


@lowers_expression("list_splat", "dictionary_splat", "parenthesized_list_splat")
def _spread(c: Context, node: ts.Node) -> ir.Expr:
    return _last(c, node)


@lowers_expression("type", "case_pattern", "as_pattern_target", "if_clause")
def _wrapped(c: Context, node: ts.Node) -> ir.Expr:
    """Nodes that only say where they stand.  `case_pattern` holds its `_` and `-1` unnamed."""
    if node.named_child_count == 1 and node.child_count in {1, 2}:
        child = node.named_children[0]
        if node.child_count == 1 or node.type == "if_clause":
            return expression(c, child)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if node.named_child_count == 0 and start < end:
        return ir.Name(start, end, c.source(node))
    if node.child_count == 2 and node.children[0].type == "-":  # noqa: PLR2004
        return ir.Operator(start, end, "-", expressions(c, node.named_children))
    return unknown(c, node)


@lowers_expression("parenthesized_expression")
def _parenthesized(c: Context, node: ts.Node) -> ir.Expr:
    inner = node
    while inner.type == "parenthesized_expression":
        found = next((x for x in inner.named_children if x.type not in NO_CODE), None)
        if found is None or inner.named_child_count > 1:
            code = [x for x in inner.named_children if x.type not in NO_CODE]
            if len(code) != 1:
                return unknown(c, inner)
            found = code[0]
        inner = found
    return expression(c, inner)


def _last(c: Context, node: ts.Node) -> ir.Expr:
    for child in reversed(node.named_children):
        if child.type not in NO_CODE:
            return expression(c, child)
    return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base)


# Constants and collections ---------------------------------------------------------------------


@lowers_expression("true", "false", "none", "integer", "float")
def _constant(c: Context, node: ts.Node) -> ir.Expr:
    """Python 2's octals, complex numbers and what has no 64 bits are unknown."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    kind = node.type
    value: float | None = None
    if kind in {"true", "false"}:
        value = kind == "true"
    elif kind != "none":
        try:
            number = c.source(node)
            value = int(number, 0) if kind == "integer" else float(number)
        except ValueError:
            return ir.Unknown(start, end)
        if not -(2**63) <= value < 2**63 and kind == "integer":
            return ir.Unknown(start, end)
    return ir.Constant(start, end, value)


_KINDS: Final[dict[str, Literal["list", "tuple", "set", "mapping"]]] = {
    "list": "list",
    "list_pattern": "list",
    "set": "set",
    "dictionary": "mapping",
    "dict_pattern": "mapping",
}


@lowers_expression(
    "list",
    "tuple",
    "set",
    "dictionary",
    "expression_list",
    "pattern_list",
    "list_pattern",
    "tuple_pattern",
)
def _collection(c: Context, node: ts.Node) -> ir.Expr:
    out = []
    c.depth += 1
    for child in node.named_children:
        kind = child.type
        if kind in NO_CODE:
            continue
        start, end = child.start_byte - c.base, child.end_byte - c.base
        if kind == "pair":
            key, value = _pair(c, child)
            out.append(ir.Entry(start, end, value, key))
        else:
            spread = kind in _SPREADS or (kind == "case_pattern" and _is(child, "splat_pattern"))
            out.append(ir.Entry(start, end, expression(c, child), None, spread))
    c.depth -= 1
    kind = _KINDS.get(node.type, "tuple")
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Collection(start, end, kind, tuple(out))


_SPREADS: Final = frozenset(
    {"list_splat", "list_splat_pattern", "dictionary_splat", "dictionary_splat_pattern"}
)


def _pair(c: Context, node: ts.Node) -> tuple[ir.Expr, ir.Expr]:
    parts = expressions(c, node.named_children)
    if len(parts) > 1:
        return parts[0], parts[-1]
    end = node.end_byte - c.base
    key = parts[0] if parts else ir.Unknown(end, end)
    return key, ir.Unknown(end, end)


@lowers_expression("pair")
def _pair_operator(c: Context, node: ts.Node) -> ir.Expr:
    return ir.Operator(node.start_byte - c.base, node.end_byte - c.base, ":", _pair(c, node))


@lowers_expression("list_splat_pattern", "dictionary_splat_pattern")
def _splat_pattern(c: Context, node: ts.Node) -> ir.Expr:
    return _last(c, node)


_COMPREHENSIONS: Final[dict[str, Literal["list", "set", "mapping", "generator"]]] = {
    "list_comprehension": "list",
    "set_comprehension": "set",
    "dictionary_comprehension": "mapping",
    "generator_expression": "generator",
}


@lowers_expression(*_COMPREHENSIONS)
def _comprehension(c: Context, node: ts.Node) -> ir.Expr:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    element: ir.Expr | None = None
    generators: list[ir.Generator] = []
    for child in node.named_children:
        kind = child.type
        if kind == "for_in_clause":
            generators.append(_generator(c, child))
        elif kind == "if_clause" and generators:
            last = generators.pop()
            test = expression(c, child)
            conditions = (*last.conditions, test)
            after = child.end_byte - c.base
            generators.append(
                ir.Generator(last.start, after, last.target, last.iterable, conditions)
            )
        elif element is None and kind not in NO_CODE:
            element = expression(c, child)
    if element is None:
        element = ir.Unknown(start, start)
    kind = _COMPREHENSIONS[node.type]
    return ir.Comprehension(start, end, kind, element, tuple(generators))


def _generator(c: Context, node: ts.Node) -> ir.Generator:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    target = optional(c, node.child_by_field_name("left"))
    rights = node.children_by_field_name("right")
    iterables = [expression(c, right) for right in rights if right.is_named]
    return ir.Generator(
        start,
        end,
        target or ir.Unknown(start, start),
        iterables[0] if len(iterables) == 1 else ir.Unknown(start, end, tuple(iterables)),
    )

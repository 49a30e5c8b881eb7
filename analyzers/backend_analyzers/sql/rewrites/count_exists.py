"""A count that is only compared with zero counts every row; EXISTS stops at the first."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import (
    TURNED,
    Edit,
    Rewrite,
    Select,
    View,
    all_nodes,
    bare,
    comparison,
)

_ASKS = {
    **dict.fromkeys(((">", "0"), (">=", "1"), ("<>", "0"), ("!=", "0")), True),
    **dict.fromkeys((("=", "0"), ("<", "1"), ("<=", "0")), False),
}


def rewrite(view: View) -> Iterator[Rewrite]:
    for node in all_nodes(view.root):
        found = asked(view, node)
        if found is None:
            continue
        select, counted, is_there = found
        text = exists(view, select, counted)
        if text is not None:
            inner = text if is_there else f"NOT {text}"
            yield from view.rewrite("Ask with EXISTS", Edit(node.start, node.end, inner))
    yield from _whole(view)


def asked(view: View, node: Node) -> tuple[Select, Node, bool] | None:
    """A comparison of a counting subquery with zero: the subquery, the count, and whether rows are wanted."""
    for query, operator, number in _compared(node):
        wanted = _ASKS.get((operator, view.lower(number)))
        inner = bare(query)
        if wanted is None or inner is None or inner.kind != "select_with_parens":
            continue
        select = next((s for s in view.selects if _is_body(inner, s)), None)
        if select is None or not is_counting(select):
            continue
        counted = count(view, select.targets[0])
        if counted is not None:
            return select, counted, wanted
    return None


def is_counting(select: Select) -> bool:
    """Whether a query gives one number for all its rows."""
    return (
        select.is_plain
        and len(select.targets) == 1
        and bool(select.sources)
        and not (select.tail or select.group or select.having or select.distinct)
        and not (select.distinct_on or select.windows)
    )


def count(view: View, target: Node) -> Node | None:
    """`count(…)` without DISTINCT or FILTER: what is counted, a star or an expression."""
    value = bare(target.children[0] if target.kind == "target_el" else target)
    if (
        value is None
        or value.kind != "func_application"
        or view.lower(value.children[0]) != "count"
    ):
        return None
    inside = [child for child in value.children[1:] if child.kind not in {"(", ")"}]
    if len(inside) == 1 and inside[0].kind == "func_arg_list":
        inside = inside[0].children
    return inside[0] if len(inside) == 1 else None


def exists(view: View, select: Select, counted: Node) -> str | None:
    """EXISTS over the rows that are counted; None when it is not sure which those are."""
    body = view.source(select.from_.start, select.end) if select.from_ else ""
    if counted.kind in {"*", "integer_literal", "string_literal"}:
        return f"EXISTS (SELECT 1 {body})"
    column = view.column(counted)
    if column is None:
        return None
    if view.is_required(column, select):
        return f"EXISTS (SELECT 1 {body})"
    if select.where is None:
        return f"EXISTS (SELECT 1 {body} WHERE {view.of(counted)} IS NOT NULL)"
    if bare(select.where) is select.where and select.where.kind == "or":
        return None
    return f"EXISTS (SELECT 1 {body} AND {view.of(counted)} IS NOT NULL)"


def _whole(view: View) -> Iterator[Rewrite]:
    """`SELECT count(*) > 0 AS any FROM …`: the whole query only asks whether there is a row."""
    for select in view.selects:
        if not is_counting(select) or select.scope.role not in {"top", "subquery"}:
            continue
        target = select.targets[0]
        value = target.children[0] if target.kind == "target_el" else target
        for side, operator, number in _compared(value):
            wanted = _ASKS.get((operator, view.lower(number)))
            counted = count(view, side) if wanted is not None else None
            text = exists(view, select, counted) if counted is not None else None
            if text is not None:
                name = view.source(value.end, target.end) or ' AS "?column?"'
                whole = f"SELECT {'' if wanted else 'NOT '}{text}{name}"
                yield from view.rewrite(
                    "Ask with EXISTS", Edit(select.node.start, select.end, whole)
                )


def _compared(node: Node) -> Iterator[tuple[Node, str, Node]]:
    sides = comparison(node) if node.kind == "a_expr" else None
    if sides is not None:
        left, operator, right = sides
        yield left, operator, right
        yield right, TURNED[operator], left


def _is_body(parens: Node, select: Select) -> bool:
    return any(child is select.node for child in parens.children)

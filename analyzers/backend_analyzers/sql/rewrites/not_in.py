"""NOT IN over a subquery cannot be planned as an anti-join, since a NULL in it would change everything."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.keys import required_by_conditions
from backend_analyzers.sql.rewrites.view import (
    Edit,
    Rewrite,
    Select,
    View,
    all_nodes,
    bare,
    comparison,
    conjuncts,
)


def rewrite(view: View) -> Iterator[Rewrite]:
    for node in all_nodes(view.root):
        found = membership(view, node, negated=True)
        if found is not None and is_exact(view, *found):
            yield from not_exists(view, node, *found)


def membership(view: View, node: Node, *, negated: bool) -> tuple[Node, Select] | None:
    """`x IN (SELECT y …)`: the node of x and the subquery."""
    words = ["kw_not", "kw_in"] if negated else ["kw_in"]
    parts = node.children
    if node.kind != "a_expr" or [p.kind for p in parts[1:-1]] != words:
        return None
    query = parts[-1]
    select = next((s for s in view.selects if any(c is s.node for c in query.children)), None)
    if query.kind != "select_with_parens" or select is None or not select.is_plain:
        return None
    if select.tail or select.is_grouped or select.distinct_on or select.has_windows:
        return None
    return (parts[0], select) if len(select.targets) == 1 and select.sources else None


def is_exact(view: View, outer: Node, inner: Select) -> bool:
    """Whether neither side can be NULL."""
    around = surrounding(view, outer)
    column = view.column(outer)
    value = view.column(value_of(inner))
    if around is None or column is None or not view.is_required(column, around):
        return False
    if value is None or value.source not in inner.by_number:
        return False
    return view.is_required(value, inner) or value.key in required_by_conditions(view, inner)


def not_exists(view: View, node: Node, outer: Node, inner: Select) -> Iterator[Rewrite]:
    """The same with NOT EXISTS: as far as neither side is NULL."""
    text = exists(view, outer, inner)
    if text is not None:
        yield from view.rewrite("Use NOT EXISTS", Edit(node.start, node.end, f"NOT {text}"))


def exists(view: View, outer: Node, inner: Select) -> str | None:
    """EXISTS over the rows of a subquery whose value equals one of the query around it."""
    value = value_of(inner)
    within = frozenset(inner.by_number)
    mine = view.qualified(outer.start, outer.end)
    theirs = view.qualified(value.start, value.end)
    uses = view.uses(outer.start, outer.end)
    if mine is None or theirs is None or not uses or inner.from_ is None:
        return None
    labels = view.labels(inner)
    if uses & within or any(view.ref(number).label in labels for number in uses):
        return None
    if inner.where is None:
        return f"EXISTS (SELECT 1 {view.of(inner.from_)} WHERE {theirs} = {mine})"
    kept = view.all_of(inner.where)
    return f"EXISTS (SELECT 1 {view.of(inner.from_)} WHERE {kept} AND {theirs} = {mine})"


def value_of(select: Select) -> Node:
    """The expression of the one column that a query gives."""
    target = select.targets[0]
    return target.children[0] if target.kind == "target_el" else target


def surrounding(view: View, node: Node) -> Select | None:
    """The query level that an expression stands in."""
    around = [s for s in view.selects if s.node.start <= node.start and node.end <= s.node.end]
    return min(around, key=lambda s: s.node.end - s.node.start, default=None)


def correlation(view: View, inner: Select) -> tuple[Node, Node, list[Node]] | None:
    """The one condition of a subquery that ties it to the query around: its sides, own first, and the rest."""
    own = frozenset(inner.by_number)
    tied: list[tuple[Node, Node]] = []
    rest: list[Node] = []
    for node in conjuncts(inner.where):
        uses = view.uses(node.start, node.end)
        if uses is None:
            return None
        if uses <= own:
            rest.append(node)
            continue
        sides = comparison(node)
        if sides is None or sides[1] != "=":
            return None
        for mine, other in ((sides[0], sides[2]), (sides[2], sides[0])):
            inside, outside = view.uses(mine.start, mine.end), view.uses(other.start, other.end)
            if inside and inside <= own and outside and not outside & own:
                tied.append((mine, other))
                break
        else:
            return None
    return (*tied[0], rest) if len(tied) == 1 else None


__all__ = ["bare", "correlation", "exists", "membership", "rewrite", "surrounding"]

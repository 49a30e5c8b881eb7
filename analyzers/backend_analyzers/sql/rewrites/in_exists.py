"""IN over a subquery and EXISTS ask the same; the planner does not always treat them alike."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.not_in import correlation, exists, membership
from backend_analyzers.sql.rewrites.view import Edit, Rewrite, Select, View, bare, conjuncts


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        for node in conditions_of(select):
            found = membership(view, node, negated=False)
            text = exists(view, *found) if found is not None else None
            if text is not None:
                yield from view.rewrite("Use EXISTS", Edit(node.start, node.end, text))
            text = _as_in(view, node)
            if text is not None:
                yield from view.rewrite("Use IN", Edit(node.start, node.end, text))


def conditions_of(select: Select) -> Iterator[Node]:
    """The conditions of WHERE, where unknown counts as false, down through AND and OR."""
    stack = conjuncts(select.where)
    while stack:
        node = stack.pop()
        inner = bare(node)
        if inner is not None and inner.kind in {"or", "and"}:
            stack += inner.children
        elif inner is not None:
            yield inner


def _as_in(view: View, node: Node) -> str | None:
    if node.kind != "c_expr" or node.children[0].kind != "kw_exists":
        return None
    query = node.children[1]
    inner = next((s for s in view.selects if any(c is s.node for c in query.children)), None)
    if inner is None or not inner.is_plain or inner.tail or inner.is_grouped:
        return None
    if inner.distinct_on or inner.has_windows or inner.from_ is None:
        return None
    if any(
        view.uses(s.node.start, s.node.end) != frozenset()
        for s in inner.sources
        if s.number is None
    ):
        return None
    tied = correlation(view, inner)
    own = frozenset(inner.by_number)
    joins = [s.on for s in inner.sources if s.on is not None]
    if tied is None or any((view.uses(on.start, on.end) or {-1}) - own for on in joins):
        return None
    mine, other, rest = tied
    kept = view.all_of(*rest)
    where = f" WHERE {kept}" if kept else ""
    return f"{view.of(other)} IN (SELECT {view.of(mine)} {view.of(inner.from_)}{where})"

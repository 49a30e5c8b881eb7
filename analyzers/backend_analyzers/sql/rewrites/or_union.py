"""OR over columns of different indexes: each side can use its own when they are two queries."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import Edit, Rewrite, Select, View, bare, conjuncts

_MOST = 3


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if not _may_be_doubled(select):
            continue
        parts = conjuncts(select.where)
        for part in parts:
            inner = bare(part)
            if inner is None or inner.kind != "or" or len(inner.children) > _MOST:
                continue
            sides = inner.children
            if _differ(view, sides):
                yield from _doubled(view, select, parts, part, sides)


def _may_be_doubled(select: Select) -> bool:
    return (
        select.is_plain
        and select.scope.role == "top"
        and select.where is not None
        and not select.is_grouped
        and not select.has_windows
        and not (select.distinct or select.distinct_on or select.limit or select.with_)
        and not select.order
    )


def _differ(view: View, sides: list[Node]) -> bool:
    """Whether each side is about columns of its own; one IN would do for the same ones."""
    columns = [frozenset(ref.name for ref in view.columns_in(s.start, s.end)) for s in sides]
    return len(set(columns)) == len(columns) and all(columns)


def _doubled(
    view: View, select: Select, parts: list[Node], part: Node, sides: list[Node]
) -> Iterator[Rewrite]:
    assert select.where is not None
    head = view.source(select.node.start, select.where.start)
    arms: list[str] = []
    for number, side in enumerate(sides):
        before = [f"({view.of(other)}) IS NOT TRUE" for other in sides[:number]]
        others = [view.all_of(other) for other in parts if other is not part]
        arms.append(" AND ".join([view.all_of(side), *before, *others]))
    rest = "".join(f" UNION ALL {head}{arm}" for arm in arms[1:])
    start, end = select.where.start, select.end
    yield from view.rewrite("Ask for each side of OR alone", Edit(start, end, f"{arms[0]}{rest}"))

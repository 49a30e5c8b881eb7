"""A subquery that is run for each row, as one join with a query that is grouped once."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.not_in import correlation, value_of
from backend_analyzers.sql.rewrites.view import (
    TURNED,
    Edit,
    Rewrite,
    Select,
    View,
    bare,
    comparison,
    conjuncts,
)

_AGGREGATES = frozenset({"count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every"})
_INEXACT = ("double precision", "real")


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if not select.is_plain or select.is_grouped or not _has_one_item(select):
            continue
        for target in select.targets:
            yield from _selected(view, select, target)
        for node in conjuncts(select.where):
            yield from _compared(view, select, node)


def _has_one_item(select: Select) -> bool:
    """A join binds tighter than a comma: with several items it is not sure what is in reach."""
    if select.from_ is None:
        return False
    listed = select.from_.children[-1]
    return listed.kind != "from_list" or len(listed.children) == 1


def _selected(view: View, select: Select, target: Node) -> Iterator[Rewrite]:
    value = target.children[0] if target.kind == "target_el" else target
    found = _grouped(view, value, select)
    if found is None or select.from_ is None:
        return
    name, function, joined, condition = found
    text = f"{name}.value"
    if function == "count":
        text = f"coalesce({text}, 0)"
    if value is target:
        text = f"{text} AS {function}"
    yield from view.rewrite(
        "Join with the groups",
        Edit(value.start, value.end, text),
        Edit(select.from_.end, select.from_.end, f" LEFT JOIN {joined} ON {condition}"),
    )


def _compared(view: View, select: Select, node: Node) -> Iterator[Rewrite]:
    sides = comparison(node)
    if sides is None or select.from_ is None or any(s.kind == "full" for s in select.sources):
        return
    left, operator, right = sides
    for other, turned, query in ((left, operator, right), (right, TURNED[operator], left)):
        found = _grouped(view, query, select)
        if found is None or found[1] == "count":
            continue
        name, _, joined, condition = found
        kept = view.qualified(other.start, other.end)
        if kept is None:
            continue
        yield from view.rewrite(
            "Join with the groups",
            Edit(node.start, node.end, f"{kept} {turned} {name}.value"),
            Edit(select.from_.end, select.from_.end, f" JOIN {joined} ON {condition}"),
        )


def _grouped(view: View, value: Node, around: Select) -> tuple[str, str, str, str] | None:
    """A name, the aggregate, the grouped query, and the condition that joins it."""
    query = bare(value)
    inner = next(
        (s for s in view.selects if query and any(c is s.node for c in query.children)), None
    )
    if query is None or query.kind != "select_with_parens" or inner is None:
        return None
    if not inner.is_plain or inner.tail or inner.group or inner.having or inner.from_ is None:
        return None
    if inner.distinct or inner.distinct_on or inner.has_windows or len(inner.targets) != 1:
        return None
    function = _aggregate(view, inner)
    tied = correlation(view, inner)
    own = frozenset(inner.by_number)
    if function is None or tied is None or any(s.number is None for s in inner.sources):
        return None
    mine, outer, rest = tied
    uses = view.uses(outer.start, outer.end)
    joins = [s.on for s in inner.sources if s.on is not None]
    if not uses or not uses <= frozenset(around.by_number):
        return None
    if any((view.uses(on.start, on.end) or {-1}) - own for on in joins):
        return None
    if (view.uses(inner.targets[0].start, inner.targets[0].end) or frozenset()) - own:
        return None
    kept = view.all_of(*rest)
    outside = view.qualified(outer.start, outer.end)
    if outside is None:
        return None
    name = view.fresh("grouped")
    where = f" WHERE {kept}" if kept else ""
    key = view.of(mine)
    body = (
        f"(SELECT {key} AS key, {view.of(value_of(inner))} AS value {view.of(inner.from_)}{where}"
        f" GROUP BY {key}) AS {name}"
    )
    return name, function, body, f"{name}.key = {outside}"


def _aggregate(view: View, inner: Select) -> str | None:
    value = bare(value_of(inner))
    if value is None or value.kind != "func_application":
        return None
    name = view.lower(value.children[0])
    if name not in _AGGREGATES:
        return None
    columns = [view.stored(ref) for ref in view.columns_in(value.start, value.end)]
    inexact = any(c is None or c.stored.type.startswith(_INEXACT) for c in columns)
    return None if inexact and name in {"sum", "avg"} else name

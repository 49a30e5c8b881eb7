"""A query for one key, run for each of many, as one query for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import (
    Edit,
    Rewrite,
    Select,
    View,
    bare,
    comparison,
    conjuncts,
)


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if select.scope.role != "top" or select.limit or select.is_grouped or not select.is_plain:
            continue
        found = _asked(view, select)
        if len(found) == 1:
            yield from _together(view, select, *found[0])


def _asked(view: View, select: Select) -> list[tuple[Node, Node, Node]]:
    """The conditions `column = parameter`: the condition, the column and the parameter."""
    found: list[tuple[Node, Node, Node]] = []
    spans = set(view.statement.parameters)
    for node in conjuncts(select.where):
        sides = comparison(node)
        if sides is None or sides[1] != "=":
            continue
        for one, other in ((sides[0], sides[2]), (sides[2], sides[0])):
            value = bare(other)
            if view.column(one) and value is not None and (value.start, value.end) in spans:
                found.append((node, one, other))
    return found


def _together(
    view: View, select: Select, node: Node, column: Node, parameter: Node
) -> Iterator[Rewrite]:
    edits = [Edit(node.start, node.end, f"{view.of(column)} = ANY({view.of(parameter)})")]
    asked = view.column(column)
    given = [view.column(t.children[0] if t.kind == "target_el" else t) for t in select.targets]
    star = any(s.scope == select.scope.id and s.clause == "select" for s in view.statement.stars)
    if not star and asked is not None and all(c is None or c.key != asked.key for c in given):
        edits.append(Edit(select.targets[0].start, select.targets[0].start, f"{view.of(column)}, "))
    yield view.advice("Ask for all keys at once", *edits)

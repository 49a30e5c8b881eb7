"""DISTINCT that takes away again what a join multiplied: EXISTS never multiplies."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.distinct import cut
from backend_analyzers.sql.rewrites.keys import determined, outputs
from backend_analyzers.sql.rewrites.view import (
    Edit,
    Rewrite,
    Select,
    Source,
    View,
    conjuncts,
    without,
)


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if (
            select.distinct is None
            or not select.is_plain
            or select.is_grouped
            or select.has_windows
        ):
            continue
        for source in select.sources:
            if may_be_asked(view, select, source):
                yield from exists_instead(view, select, source)


def may_be_asked(view: View, select: Select, source: Source) -> bool:
    """Whether a joined table only decides which rows there are, and adds nothing to them."""
    if source.number is None or source.kind != "inner" or source.on is None or source.nullable:
        return False
    if any(other.number is None or other.merged for other in select.sources):
        return False
    own = frozenset({source.number})
    parts = [*select.targets, *select.order]
    parts += [s.on for s in select.sources if s is not source and s.on is not None]
    for part in parts:
        uses = view.uses(part.start, part.end)
        if uses is None or uses & own:
            return False
    # What DISTINCT still has to do without this table: nothing, when the others have their keys.
    others = frozenset(s.number for s in select.sources if s.number is not None) - own
    return determined(view, select, outputs(view, select), own) >= others


def exists_instead(view: View, select: Select, source: Source) -> Iterator[Rewrite]:
    """The query without DISTINCT that asks whether there is a row of a table."""
    assert source.joined is not None
    assert source.on is not None
    assert select.distinct is not None
    assert select.from_ is not None
    left = source.joined.children[0]
    if left.end > source.node.start or source.joined.children[0].kind == "(":
        return
    moved: list[Node] = []
    kept = conjuncts(select.where)
    for node in kept:
        uses = view.uses(node.start, node.end)
        if uses is None:
            return
        if source.number in uses:
            moved.append(node)
    stay = [node for node in kept if node not in moved]
    asked = view.all_of(source.on, *moved)
    exists = f"EXISTS (SELECT 1 FROM {view.of(source.node)} WHERE {asked})"  # noqa: S608 - theirs
    edits = [cut(view, select.distinct), Edit(left.end, source.joined.end, "")]
    if not kept:
        edits.append(Edit(select.from_.end, select.from_.end, f" WHERE {exists}"))
    elif not stay:
        assert select.where is not None
        edits.append(Edit(select.where.start, select.where.end, exists))
    else:
        assert select.where is not None
        gone = without(select.where.children, moved[0]) if len(moved) == 1 else None
        if not moved:
            edits.append(Edit(select.where.end, select.where.end, f" AND {exists}"))
        elif gone is None or select.where.kind != "and":
            text = f"{view.all_of(*stay)} AND {exists}"
            edits.append(Edit(select.where.start, select.where.end, text))
        else:
            edits += [gone, Edit(select.where.end, select.where.end, f" AND {exists}")]
    yield from view.rewrite("Ask with EXISTS instead of DISTINCT", *edits)

"""A join with a table that adds neither columns nor rows, by its keys."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.expand import written
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.keys import equality, joins_one
from backend_analyzers.sql.rewrites.view import (
    Column,
    Edit,
    Rewrite,
    Select,
    Source,
    View,
    conjuncts,
)
from backend_analyzers.sql.schema import ForeignKey


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if not select.is_plain:
            continue
        for source in select.sources:
            if (
                source.joined is None
                or source.number is None
                or not _is_unused(view, select, source)
            ):
                continue
            if source.joined.children[0].end > source.node.start:
                continue
            gone = Edit(source.joined.children[0].end, source.joined.end, "")
            if source.kind == "left" and joins_one(view, source):
                yield from view.rewrite("Leave the join out", gone)
            elif source.kind == "inner" and not source.nullable:
                yield from _checked(view, select, source, gone)


def _is_unused(view: View, select: Select, source: Source) -> bool:
    """Whether nothing but the condition of its join names the table."""
    if source.merged or source.on is None or select.scope.natural:
        return False
    if any(s.scope == select.scope.id and not s.qualifier for s in view.statement.stars):
        return False
    for star in view.statement.stars:
        if star.qualifier[-1:] == (view.ref(source.number or 0).label,):
            return False
    for ref in view.columns_in(select.node.start, (select.tail or select.node).end):
        if source.on.start <= ref.start and ref.end <= source.on.end:
            continue
        found = view.resolver.column(ref)
        if found.state == "output":
            continue
        if found.state not in {"column", "derived"} or found.source is None:
            return False
        if found.source == source.number:
            return False
    return True


def _checked(view: View, select: Select, source: Source, gone: Edit) -> Iterator[Rewrite]:
    """An inner join along a foreign key finds one row always, but where the key is NULL."""
    parts = conjuncts(source.on)
    pairs = [_pair(view, source, node) for node in parts]
    own = [pair for pair in pairs if pair is not None]
    if len(own) != len(parts) or len({column.source for _, column in own}) != 1:
        return
    columns = [column for _, column in own]
    table = view.table(columns[0].source)
    target = view.table(source.number)
    if table is None or target is None or columns[0].source not in select.by_number:
        return
    wanted = {(mine.name, theirs.name) for theirs, mine in own}
    for key in table.foreign_keys:
        if key.target != target.key or wanted != set(_key_pairs(key, target.primary_key)):
            continue
        if select.by_number[columns[0].source].nullable:
            return
        missing = [c for c in columns if not view.is_required(c, select)]
        yield from _without(view, select, gone, missing)
        return


def _pair(view: View, source: Source, node: Node) -> tuple[Column, Column] | None:
    found = equality(view, node)
    if found is None or found[1] is None:
        return None
    one, other = found[0], found[1]
    if other.source == source.number:
        one, other = other, one
    return (one, other) if one.source == source.number != other.source else None


def _key_pairs(key: ForeignKey, primary: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
    targets = key.target_columns or primary or ()
    if len(targets) == len(key.columns):
        yield from zip(key.columns, targets, strict=True)


def _without(view: View, select: Select, gone: Edit, missing: list[Column]) -> Iterator[Rewrite]:
    if not missing:
        yield from view.rewrite("Leave the join out", gone)
        return
    tests = " AND ".join(f"{view.label(c.source)}.{written(c.name)} IS NOT NULL" for c in missing)
    assert select.from_ is not None
    if select.where is None:
        edit = Edit(select.from_.end, select.from_.end, f" WHERE {tests}")
    elif select.where.kind == "or":
        return
    else:
        edit = Edit(select.where.end, select.where.end, f" AND {tests}")
    yield from view.rewrite("Leave the join out", gone, edit)

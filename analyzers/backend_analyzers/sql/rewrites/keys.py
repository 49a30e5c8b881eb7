"""Which columns identify the rows of a query: candidate keys, followed through joins and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import (
    Column,
    Select,
    Source,
    View,
    bare,
    comparison,
    conjuncts,
    declared_required,
    is_fixed,
)
from backend_analyzers.sql.schema import Table, find_column

Key = tuple[int, str]
"""A column: the index of its table in the statement, and its name."""


def candidate_keys(table: Table) -> Iterator[tuple[str, ...]]:
    """The sets of columns by which each row of a table is told apart, none of them ever NULL."""
    if table.primary_key:
        yield table.primary_key
    for index in table.indexes:
        if index.unique and index.plain and index.columns:
            stored = [find_column(table, name) for name in index.columns]
            required = all(c is not None and not c.nullable for c in stored)
            if required and index.columns != table.primary_key:
                yield index.columns


def determined(
    view: View, select: Select, given: Iterable[Key], leave: frozenset[int] = frozenset()
) -> frozenset[int]:
    """The tables of which one row goes with the given columns, in what FROM and WHERE give.

    The conditions of tables in `leave` are not counted on.
    """
    known = set(given)
    found: set[int] = set()
    pairs, fixed = _equalities(view, select, leave)
    known |= fixed
    while True:
        before = len(known), len(found)
        for one, other in pairs:
            if one in known or other in known:
                known |= {one, other}
        for number, source in select.by_number.items():
            if number in found or number in leave:
                continue
            table = view.table(number)
            if table is None:
                continue
            if _is_pinned(table, number, known) or _follows(view, select, source, found):
                found.add(number)
                known |= {(number, column.name) for column in table.columns}
        if before == (len(known), len(found)):
            return frozenset(found)


def is_distinct(view: View, select: Select, given: Iterable[Key]) -> bool:
    """Whether no two rows that FROM and WHERE give agree on some columns."""
    if not select.sources or any(s.number is None or s.merged for s in select.sources):
        return False
    return len(determined(view, select, given)) == len(select.sources)


def outputs(view: View, select: Select) -> set[Key]:
    """The stored columns that a query gives as they are."""
    found: set[Key] = set()
    for target in select.targets:
        value = target.children[0] if target.kind == "target_el" else target
        column = view.column(value)
        if column is not None and column.source in select.by_number:
            found.add(column.key)
    for star in view.statement.stars:
        if star.scope == select.scope.id and star.clause == "select":
            for source, names in view.resolver.expand(star) or ():
                if source.index is not None:
                    found |= {(source.index, name) for name in names if name}
    return found


def equality(view: View, node: Node) -> tuple[Column, Column | None, Node] | None:
    """A condition `column = something`: the column, the column it equals if it is one, and the node."""
    sides = comparison(node)
    if sides is None or sides[1] != "=":
        return None
    for one, other in ((sides[0], sides[2]), (sides[2], sides[0])):
        column = view.column(one)
        if column is not None:
            second = view.column(other)
            if second is not None or is_fixed(other):
                return column, second, other
    return None


def conditions(select: Select) -> Iterator[Node]:
    """What holds for every row that FROM and WHERE give: conditions of inner joins, and WHERE."""
    yield from conjuncts(select.where)
    for source in select.sources:
        if source.on is not None and source.kind == "inner" and not source.nullable:
            yield from conjuncts(source.on)


def required_by_conditions(view: View, select: Select) -> set[Key]:
    """Columns that are not NULL in any row, since a condition compares them."""
    found: set[Key] = set()
    for node in conditions(select):
        inner = bare(node)
        sides = comparison(node)
        if sides is not None:
            columns = [view.column(sides[0]), view.column(sides[2])]
            found |= {column.key for column in columns if column is not None}
        elif inner is not None and [c.kind for c in inner.children[1:]] in _NOT_NULL:
            column = view.column(inner.children[0])
            found |= {column.key} if column is not None else set()
    return found


_NOT_NULL = [["kw_is", "kw_not", "kw_null"], ["kw_notnull"]]


def _equalities(
    view: View, select: Select, leave: frozenset[int]
) -> tuple[list[tuple[Key, Key]], set[Key]]:
    pairs: list[tuple[Key, Key]] = []
    fixed: set[Key] = set()
    for node in conditions(select):
        found = equality(view, node)
        if found is None:
            continue
        one, other, _ = found
        if one.source in leave or (other is not None and other.source in leave):
            continue
        if other is None or other.source not in select.by_number:
            fixed.add(one.key)
            if one.source not in select.by_number and other is not None:
                fixed.add(other.key)
        elif one.source not in select.by_number:
            fixed.add(other.key)
        elif _same_kind(one, other):
            pairs.append((one.key, other.key))
    return pairs, fixed


def _same_kind(one: Column, other: Column) -> bool:
    kinds = [column.stored.type.partition("(")[0] for column in (one, other)]
    return kinds[0] == kinds[1] or _WHOLE.issuperset(kinds)


_WHOLE = frozenset({"integer", "bigint", "smallint"})


def _is_pinned(table: Table, number: int, known: set[Key]) -> bool:
    return any(all((number, column) in known for column in key) for key in candidate_keys(table))


def _follows(view: View, select: Select, source: Source, found: set[int]) -> bool:
    """Whether a LEFT JOIN gives one row at most for each row of what is on its left, all of it known."""
    if source.kind != "left" or source.on is None or source.joined is None:
        return False
    left = [
        other.number
        for other in select.sources
        if other is not source
        and source.joined.start <= other.node.start
        and other.node.end <= source.node.start
    ]
    if any(number not in found for number in left):
        return False
    return joins_one(view, source)


def joins_one(view: View, source: Source) -> bool:
    """Whether the condition of a join leaves one row of its table at most: it fixes a key of it."""
    table = view.table(source.number)
    if table is None or source.number is None:
        return False
    pinned: set[str] = set()
    for node in conjuncts(source.on):
        equal = equality(view, node)
        if equal is None:
            continue
        for one, other in ((equal[0], equal[1]), (equal[1], equal[0])):
            if one is None or one.source != source.number:
                continue
            if other is None or other.source != source.number:
                pinned.add(one.name)
    return any(pinned.issuperset(key) for key in _unique_keys(table))


def _unique_keys(table: Table) -> Iterator[tuple[str, ...]]:
    """Also keys that may be NULL: a comparison leaves those rows out."""
    if table.primary_key:
        yield table.primary_key
    for index in table.indexes:
        if index.unique and index.plain and index.columns:
            yield index.columns


__all__ = ["candidate_keys", "declared_required", "determined", "is_distinct", "outputs"]

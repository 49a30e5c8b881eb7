"""How many rows a query can touch, as far as its conditions say: whether a key or an index finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.sql.schema import Table, is_unique
from backend_analyzers.sql.statement import Operand, Predicate, TableRef

_FIXED = frozenset({"constant", "parameter", "hole", "cast", "function", "list", "any"})


def is_found_otherwise(one: Resolved, predicate: Predicate, scope: int, table: Table) -> bool:
    """Whether another condition finds the rows by an index of the table already."""
    leading = {index.columns[0] for index in table.indexes if index.columns and not index.where}
    return any(
        side.column is not None and side.column.name in leading
        for other in equalities(one, scope)
        if other is not predicate
        for side in (other.left, other.right)
        if side is not None
    )


def is_narrowed(one: Resolved, scope: int, table: Table) -> bool:
    """Whether a condition asks for single values of a column with which an index of the table begins."""
    leading = {index.columns[0] for index in table.indexes if index.columns and not index.where}
    return any(
        side.column is not None and side.column.name in leading and is_given(other)
        for predicate in equalities(one, scope)
        if predicate.right is not None
        for side, other in ((predicate.left, predicate.right), (predicate.right, predicate.left))
    )


def may_be_narrowed(one: Resolved) -> bool:
    """Whether a mapper adds a condition of which it is only known that it is there: `$1` alone stands for it."""
    text = one.source(one.statement.start, one.statement.end)
    return one.query.approximate and _ALONE.search(text) is not None


_ALONE = re.compile(
    r"\b(?:where|and|or|not)\s+\(*\s*(?:\$\d+|\?|%s)\s*\)*\s*(?:\Z|\b(?:and|or|order|group|limit|offset)\b)",
    re.IGNORECASE,
)


def is_one_row(one: Resolved, number: int, table: Table) -> bool:
    """Whether the conditions ask for one row of a table at most: they fix a key of it."""
    source = one.statement.tables[number]
    fixed = {
        side.column.name
        for predicate in equalities(one, source.scope)
        if predicate.operator == "=" and predicate.right is not None
        for side, other in (
            (predicate.left, predicate.right),
            (predicate.right, predicate.left),
        )
        if side.column is not None and is_given(other) and _may_be_of(side, source)
    }
    key = table.primary_key
    return is_unique(table, tuple(fixed)) or (bool(key) and fixed.issuperset(key or ()))


def equalities(one: Resolved, scope: int) -> Iterator[Predicate]:
    """The conditions of a query level that ask for single values."""
    for predicate in one.statement.predicates:
        if predicate.conjunct and predicate.scope == scope and predicate.operator in {"=", "in"}:
            yield predicate


def is_given(operand: Operand) -> bool:
    """Whether a value does not depend on the row: no column is in it."""
    return operand.fixed or (operand.kind in _FIXED and not operand.columns)


def tables_of(one: Resolved, number: int) -> tuple[Table, ...]:
    """What a table name means in each schema that the statement may be for; none when one does not know it."""
    found: list[Table] = []
    for known in one.known:
        state = known.resolution.tables[number]
        table = known.schema.tables.get(state.table) if state.table else None
        if table is None:
            return ()
        found.append(table)
    return tuple(found)


def _may_be_of(operand: Operand, source: TableRef) -> bool:
    column = operand.column
    return (
        column is None
        or not column.qualifier
        or column.qualifier[-1] in {source.label, source.name}
    )

"""A search for text that may begin with anything, which no ordered index can find.

`LIKE 'ann%'` is a range of an ordered index; `LIKE '%ann%'` is not, so every row of the table is read and
compared.  A trigram index finds such patterns too, and full-text search finds words.

## Example

In `migrations/0001_customers.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
```

In `search.py`:

```python
import psycopg

def search(connection: psycopg.Connection) -> list:
    return connection.execute("SELECT id FROM customers WHERE name LIKE '%ann%'").fetchall()
    #                                                         ^^^^^^^^^^^^^^^^^ a pattern that begins with a wildcard reads every row of `customers`
```

Use instead:

```text
CREATE EXTENSION pg_trgm;
CREATE INDEX customers_name ON customers USING gin (name gin_trgm_ops);
```

## Not reported

Columns with a trigram or full-text index; queries that find their rows by another condition first;
conditions below OR or NOT; patterns of which the beginning is not known; and queries that a mapper
writes, unless the column has an index that is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.narrowing import is_found_otherwise, may_be_narrowed
from backend_analyzers.facts.paths import is_tool
from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database, place_of
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.sql.schema import Index, SchemaColumn, Table
from backend_analyzers.sql.statement import Operand, Predicate
from backend_analyzers.workspace import Workspace

_LIKES = frozenset({"like", "ilike", "~~", "~~*"})
_LITERAL = re.compile(r"[eEnN]?'[%_]")
_SEARCHING = frozenset({"gin", "gist", "spgist", "rum", "bm25", "pgroonga", "fulltext"})
_MYSQL = "mysql"


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def leading_wildcard(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _searches)


def _searches(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    del database
    for one in statements:
        if one.in_migration or is_tool(one.query.at.path) or may_be_narrowed(one):
            continue
        for predicate in one.statement.predicates:
            if _begins_with_anything(predicate):
                yield from _judged(one, predicate)


def _begins_with_anything(predicate: Predicate) -> bool:
    if predicate.operator not in _LIKES or predicate.right is None or not predicate.conjunct:
        return False
    return predicate.clause == "where" and (
        predicate.leading_wildcard or _is_joined(predicate.right)
    )


def _is_joined(pattern: Operand) -> bool:
    """`'%' || $1` and `concat('%', $1)`."""
    first = pattern
    while first.arguments and (
        first.name in {"||", "concat"} or (first.kind == "cast" and len(first.arguments) == 1)
    ):
        first = first.arguments[0]
    return first is not pattern and first.kind == "constant" and bool(_LITERAL.match(first.text))


def _judged(one: Resolved, predicate: Predicate) -> Iterator[Finding]:
    ref = predicate.left.columns[0] if len(predicate.left.columns) == 1 else None
    found = one.columns(ref) if ref is not None else ()
    if ref is None or not found:
        return
    for table, column in found:
        if table.kind != "table" or not table.known or _is_searchable(table, column):
            return
        if is_found_otherwise(one, predicate, ref.scope, table):
            return
    table, column = found[0]
    lost = _ordered(table, column)
    if one.query.approximate and lost is None:
        return
    at = one.query.place(predicate.start, predicate.end)
    related: tuple[Related, ...] = ()
    if lost is not None:
        related = (Related(place_of(lost.origin, lost.start, lost.end), "this index is not used"),)
    index = "a full-text" if table.dialect == _MYSQL else "a trigram"
    yield Finding(
        at=at,
        message=f"a pattern that begins with a wildcard reads every row of `{table.label}`",
        help=f"Make {index} index on `{column.name}`, or search from its beginning.",
        related=related,
        evidence={"condition": one.source(predicate.start, predicate.end)[:400]},
    )


def _is_searchable(table: Table, column: SchemaColumn) -> bool:
    """Whether an index on the column may find text in the middle of it."""
    return any(
        index.method in _SEARCHING
        and any(column.name in (key.column or key.text) for key in index.keys)
        for index in table.indexes
    )


def _ordered(table: Table, column: SchemaColumn) -> Index | None:
    return next(
        (i for i in table.indexes if i.columns[:1] == (column.name,) and i.method == "btree"), None
    )

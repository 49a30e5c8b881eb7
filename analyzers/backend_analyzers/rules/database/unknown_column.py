"""A query that names a column which none of its tables has.

It fails when it runs, and nothing else says so before.  Mostly it is a slip of the keyboard, or a
column that was renamed or dropped by a migration while the query stayed.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL);
--           ~~~~~~ declared here
```

In `orders.py`:

```python
import psycopg

def newest(connection: psycopg.Connection) -> list[tuple]:
    return connection.execute("SELECT id, place_at FROM orders LIMIT 20").fetchall()
    #                                     ^^^^^^^^ `orders` has no column `place_at`
```

Fixed, `orders.py`:

```python
import psycopg

def newest(connection: psycopg.Connection) -> list[tuple]:
    return connection.execute("SELECT id, placed_at FROM orders LIMIT 20").fetchall()
```

## Not reported

Columns of tables whose definition is not known to the end, that code or an ORM declares or changes
too, of views over such tables, and of functions; names that may belong to a part of the query that
is put together at run time; names that differ in case only, which are the same to MySQL and SQLite;
migrations, which see the schema of their time.  Where several schemas
have the table, the column must be missing from all of them.  Nor a column that resembles none, in a
file that uses no other column of the table, since it may mean the table of another database, or in
double quotes, which make a string in MySQL and SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.near import nearest
from backend_analyzers.facts.resolved import Resolved, findings_of, fits
from backend_analyzers.facts.schema import Database, place_of
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.sql.expand import written
from backend_analyzers.sql.schema import Table
from backend_analyzers.sql.statement import ColumnRef
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def unknown_column(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _unknown)


def _unknown(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    used = _used(statements)
    for one in statements:
        if one.query.approximate or one.in_migration or not one.known:
            continue
        if one.statement.kind == "ddl":
            continue
        if not one.statement.complete and not one.query.holes:
            continue
        for number, column in enumerate(one.statement.columns):
            tables = _searched(one, number, database)
            if tables and not _is_built(one, column):
                meant = nearest(column.name, (c.name for table in tables for c in table.columns))
                sure = any(table.key in used for table in tables) and not _may_be_text(one, column)
                if meant is not None or sure:
                    yield _finding(one, column, tables, meant)


def _used(statements: tuple[Resolved, ...]) -> frozenset[str]:
    """The tables of which this file names a column that is there.

    Of others it is not sure that they are meant: another database may have one of the same name.
    """
    return frozenset(
        state.table
        for one in statements
        for known in one.known
        for state in known.resolution.columns
        if state.table is not None
    )


def _searched(one: Resolved, number: int, database: Database) -> tuple[Table, ...]:
    """The tables that a missing column is missing from; none unless it is missing in every schema."""
    found: list[Table] = []
    for known in one.known:
        state = known.resolution.columns[number]
        if state.state != "missing" or not state.searched:
            return ()
        tables = [known.schema.tables[key] for key in state.searched]
        if any(table.schema not in {*known.schema.search_path, *_named(one)} for table in tables):
            return ()
        found += tables
    name = one.statement.columns[number].name
    for table in found:
        key = table.name.lower()
        if not table.known or key in database.mapped or name in database.added.get(key, ()):
            return ()
        if any(column.name.lower() == name.lower() for column in table.columns):
            return ()
    return tuple(found)


def _named(one: Resolved) -> set[str]:
    """The schemas that the statement names; a table of any other is only a guess."""
    return {"public", *(table.schema for table in one.statement.tables if table.schema)}


def _is_built(one: Resolved, column: ColumnRef) -> bool:
    """Whether a part of the name is only known at run time."""
    return any(start < column.end and column.start < end for start, end in one.query.holes)


def _may_be_text(one: Resolved, column: ColumnRef) -> bool:
    """Whether it is a string to MySQL and SQLite, which a project may use without a sign of it."""
    return not column.qualifier and one.source(column.start, column.start + 1) == '"'


def _finding(
    one: Resolved, column: ColumnRef, tables: tuple[Table, ...], meant: str | None
) -> Finding:
    start, end = column.name_start, column.name_end
    at = one.query.place(start, end)
    shown = one.source(start, end).strip('"`[]')
    labels = list(dict.fromkeys(table.label for table in tables))
    fixes: tuple[Fix, ...] = ()
    if meant is not None and one.query.is_written(start, end):
        text = written(meant, one.statement.dialect)
        if fits(one.query, text):
            fixes = (Fix(f"Change to `{meant}`", (Change(at, text),)),)
    named = f"`{labels[0]}` has" if len(labels) == 1 else f"none of {_listed(labels)} has"
    number = "a" if len(labels) > 1 else "no"
    first = tables[0]
    return Finding(
        at=at,
        message=f"{named} {number} column `{shown}`",
        help=f"Did you mean `{meant}`?" if meant else "Correct the name, or add the column.",
        related=(
            Related(place_of(first.origin, first.name_start, first.name_end), "declared here"),
        ),
        fixes=fixes,
        evidence={"query": one.source(one.statement.start, one.statement.end)[:400]},
    )


def _listed(labels: list[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)

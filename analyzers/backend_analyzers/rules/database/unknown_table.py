"""A query that names a table which no migration declares.

It fails when it runs, and nothing else says so before: the name is text to the compiler.  Mostly it
is a slip of the keyboard, or a table that was renamed or dropped while the query stayed.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL);
```

In `orders.py`:

```python
import psycopg

def newest(connection: psycopg.Connection) -> list[tuple]:
    return connection.execute("SELECT id FROM oders ORDER BY placed_at LIMIT 20").fetchall()
    #                                         ^^^^^ no migration declares the table `oders`
```

Fixed, `orders.py`:

```python
import psycopg

def newest(connection: psycopg.Connection) -> list[tuple]:
    return connection.execute("SELECT id FROM orders ORDER BY placed_at LIMIT 20").fetchall()
```

## Not reported

Names of WITH queries, of temporary tables and of tables that code creates or an ORM maps; system
catalogues; tables of another database or schema; queries of which nothing shows that they go to a known
database, neither another table nor another query through the same connection; and everything, once there are tables whose names cannot be read,
such as those of an ORM that derives them from classes.  A query that is not written to the end, or of
which a part is put together at run time, may name its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.near import nearest
from backend_analyzers.facts.resolved import Resolved, findings_of, fits
from backend_analyzers.facts.schema import Database
from backend_analyzers.rule import Change, Confidence, Finding, Fix, Severity, workspace_rule
from backend_analyzers.sql.statement import TableRef
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def unknown_table(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _unknown)


def _unknown(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    if database.open or not database.homes:
        return
    sure = {one.query.receiver for one in statements if one.known} - {""}
    names = {table.name for table in database.all_tables()}
    for one in statements:
        if (
            one.query.approximate
            or one.in_migration
            or one.statement.kind == "ddl"
            or not one.statement.complete
        ):
            continue
        for number, table in enumerate(one.statement.tables):
            if _is_missing(one, number, table, database):
                meant = nearest(table.name, names)
                if meant is not None or one.known or one.query.receiver in sure:
                    yield _finding(one, table, meant)


def _is_missing(one: Resolved, number: int, table: TableRef, database: Database) -> bool:
    if not one.everywhere or table.name.lower() in database.elsewhere:
        return False
    inside = one.query.holes
    if any(start < table.end and table.start < end for start, end in inside):
        return False
    if any(other.name.lower() == table.name.lower() for other in database.all_tables()):
        return False
    return all(known.resolution.tables[number].state == "missing" for known in one.everywhere)


def _finding(one: Resolved, table: TableRef, meant: str | None) -> Finding:
    at = one.query.place(table.name_start, table.name_end)
    shown = one.source(table.name_start, table.name_end).strip('"`[]')
    fixes: tuple[Fix, ...] = ()
    written = one.source(table.name_start, table.name_end)
    if meant is not None and one.query.is_written(table.name_start, table.name_end):
        text = written.replace(shown, meant) if written != shown else meant
        if text.isascii() and fits(one.query, text):
            fixes = (Fix(f"Change to `{meant}`", (Change(at, text),)),)
    return Finding(
        at=at,
        message=f"no migration declares the table `{shown}`",
        help=f"Did you mean `{meant}`?" if meant else "Declare the table, or correct its name.",
        fixes=fixes,
        evidence={"query": one.source(one.statement.start, one.statement.end)[:400]},
        confidence=None if meant is not None or one.known else Confidence.MEDIUM,
    )

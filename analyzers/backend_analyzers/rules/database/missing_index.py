"""A query that reads or sorts far more than it needs, for want of an index.

A private PostgreSQL plans each query of the project with tables as large as production's, and again with
each index that might help.  Reported is where a scan or a sort goes away and a good part of the
cost with it.  One index that serves several queries is reported once.

## Example

In `schema.sql`:

```sql
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL,
  placed_at timestamptz NOT NULL
);
```

In `shop.py`:

```python
import psycopg


def orders_of(connection: psycopg.Connection, customer: int) -> list[tuple[int]]:
    return connection.execute("SELECT id FROM orders WHERE customer_id = %s", (customer,)).fetchall()
    #                                         ^^^^^^ an index on `orders` (customer_id) brings this query from cost 13,420 to 6,675
```

Use instead a new migration with `CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id)`.

## Not reported

Anything without statistics or declared numbers of rows (`[planner.rows]`): then costs mean nothing, and
`backend-engineer plan` gives a ranking only.  Small tables; queries that no code runs; queries whose text is
not known; indexes that exist, or that begin like one that exists; tables that the code writes far more
often than it searches, unless full statistics say that it pays.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.adding import new_migration
from backend_analyzers.facts.wanted_indexes import Served, WantedIndex, wanted_indexes
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.source import Place
from backend_analyzers.sql.names import quoted
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def missing_index(workspace: Workspace) -> Iterator[Finding]:
    for wanted in workspace.fact(wanted_indexes):
        yield _finding(workspace, wanted)


def _finding(workspace: Workspace, wanted: WantedIndex) -> Finding:
    first, *others = wanted.served
    more = f"; it serves {len(others)} more" if others else ""
    return Finding(
        at=_at(wanted, first),
        message=f"an index on `{wanted.table.label}` ({wanted.keys}) brings this query from cost "
        f"{_cost(first.before)} to {_cost(first.after)}{more}",
        help=f"Add the index in a new migration: {wanted.ddl}",
        related=tuple(Related(_at(wanted, one), "serves this one, too") for one in others[:8]),
        fixes=_fixes(workspace, wanted),
        evidence={
            "evidence": wanted.evidence,
            "cost before": _cost(first.before),
            "cost after": _cost(first.after),
            "index": wanted.ddl,
            "queries": str(len(wanted.served)),
            "proof": wanted.proof,
        },
        confidence=None if wanted.evidence == "full" else Confidence.MEDIUM,
    )


def _at(wanted: WantedIndex, served: Served) -> Place:
    """Where the query names the table."""
    for table in served.query.statement.tables:
        if table.name == wanted.table.name:
            return served.query.query.place(table.name_start, table.name_end)
    return served.query.at


def _fixes(workspace: Workspace, wanted: WantedIndex) -> tuple[Fix, ...]:
    name = wanted.index.name
    if not name:
        return ()
    label = quoted(name)
    if wanted.table.schema != "public":
        label = f"{quoted(wanted.table.schema)}.{label}"
    build = wanted.ddl.replace("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ", 1)
    written = new_migration(
        workspace,
        wanted.home,
        wanted.table.key,
        name="missing_index",  # always, so that two are not made with the same number
        do=(build,),
        undo=(f"DROP INDEX CONCURRENTLY {label}",),
    )
    changes = tuple(Change(one.at, one.text) for one in written)
    return (Fix(f"Add the index on `{wanted.table.label}`", changes),) if changes else ()


def _cost(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 10 else f"{cost:.1f}"  # noqa: PLR2004

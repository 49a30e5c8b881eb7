"""A query whose plan got worse with the work at hand.

A private PostgreSQL plans the query as it is and as it was at the revision that the work started from,
with tables as large as production's.  Reported is one that costs more than twice as much, or that reads a
large table whole where an index served it: because the query was written anew, or because a migration
took the index away.

## Example

In `schema.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text);
```

In `shop.py`:

```python
import psycopg


def one(connection: psycopg.Connection, key: str) -> list[tuple[str]]:
    return connection.execute("SELECT note FROM orders WHERE id::text = %s", (key,)).fetchall()
    #                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this query costs 18,596, and 8.4 before: `orders` was read through `orders_pkey` and is read whole now
```

At the base, `shop.py`:

```python
import psycopg


def one(connection: psycopg.Connection, key: int) -> list[tuple[str]]:
    return connection.execute("SELECT note FROM orders WHERE id = %s", (key,)).fetchall()
```

## Not reported

Anything without a revision to compare with (`check --since`), and without statistics or declared numbers
of rows; new queries, which were not cheaper before; a cost that is still small; queries in tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.regressions import Regression, regressions
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def plan_regression(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(regressions):
        yield _finding(one)


def _finding(one: Regression) -> Finding:
    before, now = _cost(one.before.cost), _cost(one.now.cost)
    why, help_ = "", "Compare the two plans, and write the query so that it reads fewer rows."
    if one.lost is not None:
        table, index = one.lost
        why = f": `{table}` was read through `{index}` and is read whole now"
        help_ = f"Keep `{index}`, or write the query so that an index serves it."
    return Finding(
        at=one.query.at,
        message=f"this query costs {now}, and {before} before{why}",
        help=help_,
        evidence={
            "evidence": one.now.evidence,
            "revision": one.revision,
            "cost before": before,
            "cost now": now,
        },
        confidence=None if one.now.evidence == "full" else Confidence.MEDIUM,
    )


def _cost(cost: float | None) -> str:
    known = cost or 0.0
    return f"{known:,.0f}" if known >= 10 else f"{known:.1f}"  # noqa: PLR2004

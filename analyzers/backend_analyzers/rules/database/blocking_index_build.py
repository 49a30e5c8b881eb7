"""An index that is built while nobody can write to its table.

`CREATE INDEX` locks the table against INSERT, UPDATE and DELETE until it has read every row, which on
a large table takes minutes, and whoever wants to write waits. `CREATE INDEX CONCURRENTLY` lets them:
it takes longer, and must run outside of a transaction. `REINDEX` is the same.

A private PostgreSQL runs the migration and sees which lock it takes on which table.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
```

In `migrations/0002_orders_by_customer.sql`:

```sql
CREATE INDEX orders_customer ON orders (customer_id);
-- <- nobody can write to `orders` while the index is built
```

Fixed, `migrations/0002_orders_by_customer.sql`:

```sql
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
```

## Not reported

Indexes of tables that the same migration creates, of databases other than PostgreSQL, and migrations
that are shipped: with `check --since` those that have not changed, otherwise all but the last three of
each branch (`recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.safe import concurrent_index
from backend_analyzers.facts.migrations.verdicts import Verdict, evidence_of, listed, verdicts
from backend_analyzers.facts.migrations.watched import Watched, watched
from backend_analyzers.facts.migrations.writing.fixes import in_steps
from backend_analyzers.rule import Confidence, Finding, Severity, fixing, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def blocking_index_build(workspace: Workspace) -> Iterator[Finding]:
    for one, verdict in verdicts(workspace.fact(watched), "index"):
        yield _finding(workspace, one, verdict)


def _finding(workspace: Workspace, one: Watched, verdict: Verdict) -> Finding:
    names = listed(effect.table for effect in verdict.tables)
    is_new = verdict.act.sql.lstrip()[:6].lower() == "create"
    return Finding(
        at=verdict.act.operation.at,
        message=f"nobody can write to {names} while the index is {'built' if is_new else 'rebuilt'}",
        help="Build it CONCURRENTLY, outside of a transaction.",
        fixes=fixing(
            "Build the index concurrently",
            in_steps(
                workspace,
                one.migration,
                verdict.act.operation,
                concurrent_index(verdict.act.sql, verdict.actions),
            ),
        ),
        evidence=evidence_of(verdict.act),
    )

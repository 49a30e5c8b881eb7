"""A statement that PostgreSQL refuses in a transaction, in a migration that runs in one.

`CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY`, `REINDEX CONCURRENTLY` and `VACUUM` run in several
transactions of their own, so inside of one they fail, and the migration with them. Tools have a mark for
migrations that run without a transaction.

## Example

In `db/migrations/20240101_orders.sql`:

```sql
-- migrate:up
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
-- <- `CREATE INDEX CONCURRENTLY` fails here: the migration runs in a transaction

-- migrate:down
DROP INDEX orders_customer;
```

Fixed, `db/migrations/20240101_orders.sql`:

```sql
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);

-- migrate:down
DROP INDEX orders_customer;
```

## Not reported

Migrations of tools that run each statement alone, or see by themselves that no transaction is possible;
databases other than PostgreSQL; and migrations that are shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.migrations.watched import Act, Watched, watched
from backend_analyzers.facts.migrations.writing.fixes import outside
from backend_analyzers.rule import Confidence, Finding, Severity, fixing, workspace_rule
from backend_analyzers.workspace import Workspace

_REFUSED = re.compile(
    r"\s*(?:(?P<index>(?:create(?:\s+unique)?|drop)\s+index)\s+concurrently\b"
    r"|(?P<reindex>reindex)\b[^;']*\bconcurrently\b|(?P<vacuum>vacuum)\b)",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def concurrent_in_transaction(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(watched):
        if one.migration.transaction:
            yield from _findings(workspace, one)


def _findings(workspace: Workspace, one: Watched) -> Iterator[Finding]:
    for act in one.acts:
        match = _REFUSED.match(act.sql)
        if match is not None and not act.operation.depends:
            yield _finding(workspace, one, act, match)


def _finding(workspace: Workspace, one: Watched, act: Act, match: re.Match[str]) -> Finding:
    name = " ".join((match["index"] or match["reindex"] or match["vacuum"]).upper().split())
    full = name if name == "VACUUM" else f"{name} CONCURRENTLY"
    return Finding(
        at=act.operation.at,
        message=f"`{full}` fails here: the migration runs in a transaction",
        help="Run it outside of a transaction, in a migration of its own.",
        fixes=fixing(
            "Run it outside of a transaction", outside(workspace, one.migration, act.operation)
        ),
        evidence={"statement": act.sql[:400]},
    )

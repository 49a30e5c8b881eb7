"""A migration that was changed after it had been shipped.

Where it has run, it does not run again: the change never arrives there, and new databases differ from
old ones. Tools that keep a checksum refuse to go on. Add a migration instead.

Whether it was shipped is judged by the base that changes are measured against (`check --since main`).

## Example

At the base, `db/migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id integer PRIMARY KEY);
```

In `db/migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
-- <- `0001_orders` was changed after it was shipped in `main`
```

## Not reported

Changes that make no difference to what the migration does, such as comments and formatting; code that
a migration runs, of which that is not known; migrations that are new; and anything when no base is
named.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.edited import edited
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def edited_migration(workspace: Workspace) -> Iterator[Finding]:
    for change in workspace.fact(edited):
        yield Finding(
            at=change.at,
            message=f"`{change.migration.revision}` was changed after it was shipped in "
            f"`{change.revision}`",
            help="Take the change back, and make it in a new migration.",
            evidence={"before": change.before[:400], "after": change.after[:400]},
        )

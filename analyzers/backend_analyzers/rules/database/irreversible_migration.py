"""A migration that cannot be taken back, in a project whose others can.

When a release goes wrong, going back to the one before needs the schema of then. Most migrations of the
project say how to undo them; this one does not: its `downgrade` is empty, its down file or section is
missing, or it runs code without saying what reverses it.

## Example

In `db/migrations/000001_orders.up.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

In `db/migrations/000001_orders.down.sql`:

```sql
DROP TABLE orders;
```

In `db/migrations/000002_notes.up.sql`:

```sql
ALTER TABLE orders ADD COLUMN note text;
-- <- `000002` cannot be taken back: nothing says how
```

## Not reported

Migrations of projects that seldom say how to go back; those of which it is not known; those that change
no table, such as repairs of rows; and migrations that are shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.current import Current, current
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.ddl import CreateTable, Opaque
from backend_analyzers.workspace import Workspace

_HABIT = 0.8
"""The share of a branch's other migrations that must be known to go back."""


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def irreversible_migration(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(current):
        for migration in one.migrations:
            if migration.reverts == "no" and _changes(migration) and _is_habit(one, migration):
                yield _finding(migration)


def _changes(migration: Migration) -> bool:
    """Whether it changes the schema; tables that are gone when it is done do not count."""
    actions = [a for one in migration.operations for s in one.ddl for a in s.actions]
    passing = {a.table.name for a in actions if isinstance(a, CreateTable) and a.temporary}
    return any(
        not isinstance(action, Opaque)
        and getattr(getattr(action, "table", None), "name", "") not in passing
        for action in actions
    )


def _is_habit(one: Current, migration: Migration) -> bool:
    others = [
        other.reverts
        for other in one.line.migrations
        if other.branch == migration.branch and other is not migration and other.operations
    ]
    return bool(others) and others.count("yes") >= _HABIT * len(others)


def _finding(migration: Migration) -> Finding:
    at = migration.at if migration.at.unit else migration.operations[0].at
    return Finding(
        at=at,
        message=f"`{migration.revision}` cannot be taken back: nothing says how",
        help="Say how to undo it, or that it cannot be undone.",
    )

"""A migration that waits for a lock without a limit, while everybody else waits behind it.

`ALTER TABLE` needs the table for itself. While one long query still reads it, the migration waits, and
every query that comes after waits behind the migration: a statement that takes a millisecond stops the
whole application for as long as the slowest query runs. With a `lock_timeout` it gives up instead, and
can be tried again.

A private PostgreSQL runs the migration and sees which locks it takes.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

In `migrations/0002_notes.sql`:

```sql
ALTER TABLE orders ADD COLUMN note text;
-- <- nothing limits how long this waits for `orders`, and everybody else waits behind it
ALTER TABLE orders ADD COLUMN remark text;
```

Fixed, `migrations/0002_notes.sql`:

```sql
SET lock_timeout = '5s';
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE orders ADD COLUMN remark text;
```

## Not reported

More than the first statement of a migration; migrations that set `lock_timeout` themselves, and all
those of a project that sets it elsewhere: in the environment of the migration tool, for the role, or
in the connection's options; tables that the same migration creates, databases other than PostgreSQL, and migrations that
are shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.timeouts import limited
from backend_analyzers.facts.migrations.verdicts import evidence_of, listed
from backend_analyzers.facts.migrations.watched import Act, Watched, watched
from backend_analyzers.facts.migrations.writing.fixes import first
from backend_analyzers.rule import Confidence, Finding, Severity, fixing, workspace_rule
from backend_analyzers.workspace import Workspace

_LONGEST = "5s"


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def missing_lock_timeout(workspace: Workspace) -> Iterator[Finding]:
    safe = workspace.fact(limited)
    for one in workspace.fact(watched):
        waiting = next((act for act in one.acts if _locked(act)), None)
        if waiting is not None and one.migration.at.path not in safe:
            yield _finding(workspace, one, waiting)


def _locked(act: Act) -> tuple[str, ...]:
    """The tables that a statement needs for itself."""
    if act.observed is None:
        return ()
    return tuple(e.table for e in act.observed.effects if e.lock == "AccessExclusiveLock")


def _finding(workspace: Workspace, one: Watched, act: Act) -> Finding:
    local = "LOCAL " if one.migration.transaction else ""
    return Finding(
        at=act.operation.at,
        message=f"nothing limits how long this waits for {listed(_locked(act))}, and everybody else "
        "waits behind it",
        help="Set a lock_timeout before it, and try again when it is reached.",
        fixes=fixing(
            f"Wait for locks at most {_LONGEST}",
            first(workspace, one.migration, f"SET {local}lock_timeout = '{_LONGEST}'"),
        ),
        evidence=evidence_of(act),
    )

"""A column that becomes NOT NULL while every row is searched and nobody can read or write the table.

`SET NOT NULL` reads the whole table under the strongest lock. When a valid CHECK says already that the
column is not NULL, PostgreSQL believes it and reads nothing: add that as `NOT VALID`, `VALIDATE` it,
which blocks nobody, then `SET NOT NULL` and drop the CHECK.

A private PostgreSQL runs the migration and sees whether the table is read.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

In `migrations/0002_orders_have_notes.sql`:

```sql
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- <- reads and writes of `orders` wait while every row is searched for NULL
```

Fixed, `migrations/0002_orders_have_notes.sql`:

```sql
ALTER TABLE orders ADD CONSTRAINT orders_note_not_null CHECK (note IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_note_not_null;
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_note_not_null;
```

## Not reported

Columns of which a valid CHECK says it, tables that the same migration creates, tables that are
rewritten at the same time (that is `table-rewrite`), databases other than PostgreSQL, and migrations
that are shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.safe import not_null_in_steps
from backend_analyzers.facts.migrations.verdicts import Verdict, evidence_of, verdicts
from backend_analyzers.facts.migrations.watched import Watched, watched
from backend_analyzers.facts.migrations.writing.fixes import in_steps
from backend_analyzers.rule import Confidence, Finding, Severity, fixing, workspace_rule
from backend_analyzers.sql.ddl import AlterColumn
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def not_null_scan(workspace: Workspace) -> Iterator[Finding]:
    for one, verdict in verdicts(workspace.fact(watched), "not null"):
        if not _may_be_so_already(verdict):
            yield _finding(workspace, one, verdict)


def _may_be_so_already(verdict: Verdict) -> bool:
    """Whether it is said beside a change of type, of a column of which nothing else is known.

    Tools that write a column's whole definition say NOT NULL again where it was so before.
    """
    changes = [
        a for s in verdict.act.operation.ddl for a in s.actions if isinstance(a, AlterColumn)
    ]
    seen = verdict.act.observed
    assumed = seen.assumed if seen is not None else ()
    made_up = any(f" has a column {a.column} " in text for a in changes for text in assumed)
    return made_up and any(action.type is not None for action in changes)


def _finding(workspace: Workspace, one: Watched, verdict: Verdict) -> Finding:
    return Finding(
        at=verdict.act.operation.at,
        message=f"{verdict.what_waits} wait while every row is searched for NULL",
        help="Add a CHECK (… IS NOT NULL) NOT VALID and VALIDATE it first: then no row is read.",
        fixes=fixing(
            "Set NOT NULL in steps that block nobody",
            in_steps(
                workspace, one.migration, verdict.act.operation, not_null_in_steps(verdict.actions)
            ),
        ),
        evidence=evidence_of(verdict.act),
    )

"""A migration that follows one which is not there.

Tools put migrations in order by what each says it follows. When that was deleted, renamed, or never
committed, the tool stops before it does anything: on a new machine, in tests, or in production.

## Example

In `migrations/versions/a1_orders.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))
```

In `migrations/versions/c3_notes.py`:

```python
from alembic import op
import sqlalchemy as sa

revision = "c3"
#          ^^^^ `c3` follows `b2`, which is not here
down_revision = "b2"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))
```

## Not reported

What a squashed migration stands for, migrations of other packages, and files that are not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def migration_gap(workspace: Workspace) -> Iterator[Finding]:
    for line in workspace.fact(history):
        for migration, after in line.missing:
            yield _finding(migration, after)


def _finding(migration: Migration, after: str) -> Finding:
    return Finding(
        at=migration.at,
        message=f"`{migration.revision}` follows `{after}`, which is not here",
        help="Bring that migration back, or name the one that this really follows.",
        evidence={"history": migration.branch},
    )

"""A migration that writes every row of a table anew while nobody can read or write it.

Some changes of a column's type, a default that differs for each row, an identity or stored generated
column, `CLUSTER` and `VACUUM FULL` make PostgreSQL write the whole table and all its indexes anew,
under a lock that even SELECT waits for. On a large table that is an outage. Which changes do is hard to
remember: `varchar(50)` to `varchar(100)` does not, to `varchar(20)` does; `DEFAULT now()` does not,
`DEFAULT clock_timestamp()` does. So a private PostgreSQL runs the migration and looks.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id integer PRIMARY KEY, note varchar(50));
```

In `migrations/0002_more_orders.sql`:

```sql
ALTER TABLE orders ALTER COLUMN note TYPE varchar(100);
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
-- <- every row of `orders` is written anew while nobody can read or write it
```

Use instead a new column that is filled in batches and then takes the place of the old one:

```text
ALTER TABLE orders ADD COLUMN new_id bigint;
```

## Not reported

Tables that the same migration creates, databases other than PostgreSQL, and migrations that are
shipped (see `recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.verdicts import Verdict, evidence_of, listed, verdicts
from backend_analyzers.facts.migrations.watched import watched
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.ddl import AddColumn, AlterColumn
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def table_rewrite(workspace: Workspace) -> Iterator[Finding]:
    for _, verdict in verdicts(workspace.fact(watched), "rewrite"):
        yield _finding(verdict)


def _finding(verdict: Verdict) -> Finding:
    names = listed(effect.table for effect in verdict.tables)
    is_written = any(effect.rewrites for effect in verdict.tables)
    what = f"every row of {names} is written" if is_written else f"the indexes of {names} are built"
    return Finding(
        at=verdict.act.operation.at,
        message=f"{what} anew while nobody can read or write it",
        help=_help(verdict),
        evidence=evidence_of(verdict.act),
    )


def _help(verdict: Verdict) -> str:
    if verdict.act.sql.lstrip()[:7].lower() == "refresh":
        return "Refresh it CONCURRENTLY, which needs a unique index."
    if any(isinstance(action, AddColumn) for action in verdict.actions):
        return "Add the column without the default, set the default, and fill old rows in batches."
    if any(isinstance(action, AlterColumn) and action.type for action in verdict.actions):
        return (
            "Add a column of the new type, fill it in batches, and let it take the old one's place."
        )
    return "Do it while nobody needs the table, or with a tool that copies it on the side."

"""A migration that drops or renames what the code still uses.

Once it has run, every query and every model that names the old table or column fails. Change the code
first and ship that; drop in a later release, when no process that runs uses it any more. To rename, add
the new column, write both, and drop the old one in the end.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

In `migrations/0002_no_notes.sql`:

```sql
ALTER TABLE orders DROP COLUMN note;
-- <- drops `orders.note`, which `orders.py` still uses
```

In `orders.py`:

```python
import psycopg


def note_of(connection: psycopg.Connection, order: int) -> str:
    return connection.execute("SELECT note FROM orders WHERE id = %s", (order,)).fetchone()[0]
    #                                 ~~~~ used here
```

## Not reported

What is there again in the end, as when a table is made anew; queries of tests and other migrations;
columns of which it is not sure that they are of that table; and migrations that are shipped (see
`recent_migrations` in the settings).
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.current import current
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.facts.uses import Use, Uses, uses
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import (
    Ddl,
    DropColumn,
    DropTable,
    RenameColumn,
    RenameTable,
    ReplaceColumn,
)
from backend_analyzers.workspace import Workspace

_SHOWN = 4


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def breaking_migration(workspace: Workspace) -> Iterator[Finding]:
    chosen = [one for line in workspace.fact(current) for one in line.migrations]
    if not any(_gone(action) for one in chosen for _, action in _actions(one)):
        return
    declared, used = workspace.fact(database), workspace.fact(uses)
    for migration in chosen:
        for at, action in _actions(migration):
            gone = _gone(action)
            if gone is not None and not _is_back(declared, *gone):
                found = _used(used, *gone)
                if found:
                    yield _finding(at, action, gone, found)


def _actions(migration: Migration) -> Iterator[tuple[Place, Ddl]]:
    for operation in migration.operations:
        if not operation.depends:
            for statement in operation.ddl:
                for action in statement.actions:
                    yield operation.at, action


def _gone(action: Ddl) -> tuple[str, str] | None:
    """What nobody can use any more: (table, column), or (table, "")."""
    match action:
        case DropTable(kind="table") | RenameTable():
            return action.table.name, ""
        case DropColumn() | RenameColumn():
            return action.table.name, action.column
        case ReplaceColumn() if action.definition.name != action.column:
            return action.table.name, action.column
        case _:
            return None


def _is_back(declared: Database, table: str, column: str) -> bool:
    """Whether something other than a model still declares it in the end, or may."""
    for home, found in declared.tables(table):
        if home.kind != "models" and (not column or not found.known or _has(found, column)):
            return True
    return table.lower() in declared.changed and not column


def _has(table: object, column: str) -> bool:
    return any(c.name.lower() == column.lower() for c in getattr(table, "columns", ()))


def _used(used: Uses, table: str, column: str) -> tuple[Use, ...]:
    if column:
        return used.columns.get((table.lower(), column.lower()), ())
    return used.tables.get(table.lower(), ())


def _finding(at: Place, action: Ddl, gone: tuple[str, str], found: tuple[Use, ...]) -> Finding:
    name = ".".join(part for part in gone if part)
    does = "renames" if isinstance(action, RenameTable | RenameColumn | ReplaceColumn) else "drops"
    paths = list(dict.fromkeys(use.at.path for use in found))
    more = f" and {len(paths) - 1} other files" if len(paths) > 2 else ""  # noqa: PLR2004
    if len(paths) == 2:  # noqa: PLR2004
        more = f" and `{paths[1]}`"
    still = "use" if more else "uses"
    return Finding(
        at=at,
        message=f"{does} `{name}`, which `{paths[0]}`{more} still {still}",
        help="Change the code first, and do this in a later release.",
        related=tuple(
            Related(use.at, "used here" if use.how == "a query" else "mapped here")
            for use in found[:_SHOWN]
        ),
    )

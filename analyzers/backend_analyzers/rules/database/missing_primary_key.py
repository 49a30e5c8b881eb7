"""A table without a primary key.

Without one nothing says which row is meant: a row cannot be updated or deleted alone, duplicates
come in unseen, logical replication refuses updates, and most tools and ORMs cannot work with the table.

## Example

```sql
CREATE TABLE audit_entries (
--           ^^^^^^^^^^^^^ `audit_entries` has no primary key
  happened_at timestamptz NOT NULL,
  actor text NOT NULL
);
```

Use instead:

```sql
CREATE TABLE audit_entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  happened_at timestamptz NOT NULL,
  actor text NOT NULL
);
```

## Not reported

A key that a later migration adds, a unique index over columns that are all NOT NULL (it can serve
as the replica identity), tables that DDL in code changes too, temporary and unlogged scratch tables, partitions (the key is the parent's),
foreign tables, and tables whose definition could not be read to the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.designed import designed
from backend_analyzers.facts.schema import database
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.schema import Table, find_column
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def missing_primary_key(workspace: Workspace) -> Iterator[Finding]:
    declared = workspace.fact(database)
    for one in workspace.fact(designed):
        others = declared.tables(one.table.name, one.table.schema)
        if not any(_has_key(other) for _, other in others):
            yield Finding(
                at=one.at,
                message=f"`{one.table.label}` has no primary key",
                help="Declare the columns that identify a row as PRIMARY KEY.",
            )


def _has_key(table: Table) -> bool:
    """Whether a row can be told from all others, or whether that cannot be known."""
    if table.kind != "table" or not table.known or table.temporary or not table.columns:
        return True
    if table.partition_of is not None or table.primary_key is not None:
        return True
    return any(
        index.unique and index.plain and all(_is_set(table, name) for name in index.columns)
        for index in table.indexes
    )


def _is_set(table: Table, name: str) -> bool:
    column = find_column(table, name)
    return column is not None and not column.nullable

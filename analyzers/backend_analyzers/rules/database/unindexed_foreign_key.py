"""A foreign key that no index serves.

PostgreSQL indexes the column a foreign key points at, but not the column that points.  Without an
index there, a join from the parent scans the whole child table, and so does every `DELETE` or key
update on the parent, holding its locks while it does.

## Example

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id)
--^^^^^^^^^^^ no index on `orders` starts with `customer_id`
);
```

Use instead:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id)
);
CREATE INDEX ON orders (customer_id);
```

## Not reported

Keys whose index is created anywhere in the workspace, such as a later migration; keys that are the
primary key or unique, or a prefix of one, which are indexed already; keys of several columns when an
index starts with one of them; tables that DDL in code changes too; MySQL, which makes the index itself.
A partial index counts only when it leaves out nothing but NULLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.facts.migrations.adding import new_migration
from backend_analyzers.facts.schema import Database, database, place_of
from backend_analyzers.rule import Change, Confidence, Finding, Fix, Severity, workspace_rule
from backend_analyzers.sql.expand import index_name
from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.schema import ForeignKey, Index, Table, find_column
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def unindexed_foreign_key(workspace: Workspace) -> Iterator[Finding]:
    declared = workspace.fact(database)
    for one in workspace.fact(designed):
        if one.table.dialect != "mysql":
            for key in one.table.foreign_keys:
                if not _is_served(declared, one.table, key):
                    yield _finding(workspace, one, key)


def _is_served(declared: Database, table: Table, key: ForeignKey) -> bool:
    tables = [other for _, other in declared.tables(table.name, table.schema)]
    return any(
        not other.known or any(_serves(index, key.columns) for index in other.indexes)
        for other in tables
    )


def _serves(index: Index, columns: tuple[str, ...]) -> bool:
    """Whether an index begins with one of the columns and covers every row that points.

    Of a key with several columns one is enough to find few rows.
    """
    if (
        index.method not in {"btree", "hash"}
        or not index.columns
        or index.columns[0] not in columns
    ):
        return False
    return index.where is None or _only_skips_nulls(index.where, columns)


def _only_skips_nulls(where: str, columns: tuple[str, ...]) -> bool:
    said = re.sub(r'[\s()"]+', " ", where).strip().lower()
    return said in {f"{column} is not null" for column in columns}


def _finding(workspace: Workspace, one: Designed, key: ForeignKey) -> Finding:
    table = one.table
    column = find_column(table, key.columns[0])
    same = one.model is not None or (column is not None and column.origin == key.origin)
    is_at_column = same and len(key.columns) == 1
    at = one.column_at(key.columns[0]) if is_at_column else place_of(key.origin, key.start, key.end)
    names = ", ".join(f"`{name}`" for name in key.columns)
    target = key.target.removeprefix("public.")
    return Finding(
        at=at,
        message=f"no index on `{table.label}` starts with {names}",
        help=f"Add an index: deleting from `{target}` scans all of `{table.label}`.",
        fixes=_fixes(workspace, one, key),
        evidence={"foreign key": f"{table.label} ({', '.join(key.columns)}) -> {target}"},
    )


def _fixes(workspace: Workspace, one: Designed, key: ForeignKey) -> tuple[Fix, ...]:
    """A new migration; all have the same name, so that two are not made with the same number."""
    table = one.table
    build = " CONCURRENTLY" if table.dialect == "postgresql" else ""
    space = "" if table.schema == "public" else f"{quoted(table.schema)}."
    name = index_name(table.name, key.columns, "idx")
    columns = ", ".join(map(quoted, key.columns))
    written = new_migration(
        workspace,
        one.home,
        table.key,
        name="index_foreign_key",
        do=(f"CREATE INDEX{build} {quoted(name)} ON {space}{quoted(table.name)} ({columns})",),
        undo=(f"DROP INDEX{build} {space}{quoted(name)}",),
    )
    changes = tuple(Change(file.at, file.text) for file in written)
    return (Fix(f"Index {columns} in a new migration", changes),) if changes else ()

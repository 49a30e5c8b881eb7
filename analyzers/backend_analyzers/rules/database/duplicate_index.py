"""Two indexes that are the same.

The second one answers nothing that the first does not.  It costs on every insert and update, takes memory
from the cache, and has to be vacuumed and backed up.  A unique constraint makes an index, and so does a
primary key: a further one over the same columns is the same twice.

## Example

```sql
CREATE TABLE users (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE
--~~~~~~~~~~~~~~~~~~~~~~~~~~ the same
);
CREATE UNIQUE INDEX users_email ON users (email);
-- <- `users_email` does the same as `users_email_key`
```

Use instead:

```sql
CREATE TABLE users (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE
);
```

## Not reported

Indexes with another predicate, operator class, collation, order, method or INCLUDE columns; a unique
index beside a plain one that it covers is reported at the plain one; indexes that a later migration drops.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.covering import covers, made_for_key, statement_of
from backend_analyzers.facts.designed import is_modelled_too
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.sql.schema import Index, Table
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def duplicate_index(workspace: Workspace) -> Iterator[Finding]:
    declared = workspace.fact(database)
    for home in declared.current:
        for table in home.schema.tables.values():
            if is_modelled_too(declared, home, table):
                continue
            for number, index in enumerate(table.indexes):
                twin = _twin(table, number, index)
                if twin is not None and index.name.lower() not in declared.changed:
                    yield _finding(workspace, home, table, index, twin)


def _twin(table: Table, number: int, index: Index) -> Index | None:
    """The index that is the same and stays: one that guards data, or else the first of the two."""
    by_itself = index.kind in {"primary key", "foreign key"} or made_for_key(table, index)
    if by_itself or not index.keys:
        return None
    for place, other in enumerate(table.indexes):
        if place == number or other.kind == "foreign key" or len(other.keys) != len(index.keys):
            continue
        stays = _rank(other) > _rank(index) or (_rank(other) == _rank(index) and place < number)
        same_name = other.name == index.name and other.kind == index.kind
        if stays and not same_name and covers(other, index):
            return other
    return None


def _rank(index: Index) -> int:
    if index.kind == "primary key":
        return 3
    return 2 if index.kind == "unique" else int(index.unique)


def _finding(workspace: Workspace, home: Home, table: Table, index: Index, twin: Index) -> Finding:
    at = place_of(index.origin, index.start, index.end)
    kind = "the primary key" if twin.kind == "primary key" else f"`{twin.name}`"
    name = f"`{index.name}`" if index.name else f"the index on `{table.label}`"
    whole = statement_of(workspace, home, at, twin)
    return Finding(
        at=at,
        message=f"{name} does the same as {kind}",
        help="Drop one of the two.",
        related=(Related(place_of(twin.origin, twin.start, twin.end), "the same"),),
        fixes=(Fix("Delete the index", (Change(whole, ""),)),) if whole else (),
        evidence={"index": ", ".join(key.text for key in index.keys)},
    )

"""An index whose work another index does already.

A B-tree over `(a, b)` answers everything that one over `(a)` answers.  The shorter one still costs
on every insert and update, takes memory from the cache, and has to be vacuumed and backed up.

## Example

```sql
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX orders_customer ON orders (customer_id);
-- <- `orders_customer` is a prefix of `orders_customer_created`
CREATE INDEX orders_customer_created ON orders (customer_id, created_at);
-- <~ covers it
```

Use instead:

```sql
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX orders_customer_created ON orders (customer_id, created_at);
```

## Not reported

Unique indexes and keys, which guard data; indexes with another predicate, operator class, collation,
order or method; indexes with expressions that differ; INCLUDE columns that the other lacks; indexes
that a later migration drops; indexes that are the same, which `duplicate-index` reports; those that Django makes for every foreign key.
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
def redundant_index(workspace: Workspace) -> Iterator[Finding]:
    declared = workspace.fact(database)
    for home in declared.current:
        for table in home.schema.tables.values():
            if is_modelled_too(declared, home, table):
                continue
            for index in table.indexes:
                better = _covering(table, index)
                if better is not None and index.name.lower() not in declared.changed:
                    yield _finding(workspace, home, table, index, better)


def _covering(table: Table, index: Index) -> Index | None:
    """The longer index that makes this one needless.

    The index that MySQL makes for a foreign key is none: it goes when there is a better one.
    """
    if index.kind != "index" or index.unique or not index.keys or made_for_key(table, index):
        return None
    for other in table.indexes:
        is_longer = other.kind != "foreign key" and len(other.keys) > len(index.keys)
        if is_longer and covers(other, index):
            return other
    return None


def _finding(
    workspace: Workspace, home: Home, table: Table, index: Index, better: Index
) -> Finding:
    at = place_of(index.origin, index.start, index.end)
    kind = "the primary key" if better.kind == "primary key" else f"`{better.name}`"
    name = f"`{index.name}`" if index.name else f"the index on `{table.label}`"
    whole = statement_of(workspace, home, at, better)
    return Finding(
        at=at,
        message=f"{name} is a prefix of {kind}",
        help="Drop the index: the longer one answers everything that it answers.",
        related=(Related(place_of(better.origin, better.start, better.end), "covers it"),),
        fixes=(Fix("Delete the index", (Change(whole, ""),)),) if whole else (),
        evidence={
            "index": ", ".join(key.text for key in index.keys),
            "covered by": ", ".join(key.text for key in better.keys),
        },
    )

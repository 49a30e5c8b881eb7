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
that a later migration drops.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.ddl import tails
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
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import IndexKey
from backend_analyzers.sql.schema import Index, Table
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def redundant_index(workspace: Workspace) -> Iterator[Finding]:
    declared = workspace.fact(database)
    for home in declared.current:
        for table in home.schema.tables.values():
            for number, index in enumerate(table.indexes):
                better = _covering(table, number, index)
                if better is not None and index.name.lower() not in declared.changed:
                    yield _finding(workspace, home, table, index, better)


def _covering(table: Table, number: int, index: Index) -> Index | None:
    """The index that makes this one needless; of two equal ones the first stays.

    The index that MySQL makes for a foreign key is none: it goes when there is a better one.
    """
    if index.kind != "index" or index.unique or not index.keys:
        return None
    for place, other in enumerate(table.indexes):
        if place != number and other.kind != "foreign key" and _covers(other, index):
            equal = len(other.keys) == len(index.keys)
            twin = equal and other.kind == "index" and not other.unique and _covers(index, other)
            if not twin or place < number:
                return other
    return None


def _covers(other: Index, index: Index) -> bool:
    if (other.method, other.where) != (index.method, index.where):
        return False
    if index.method != "btree" and len(other.keys) != len(index.keys):
        return False
    if len(other.keys) < len(index.keys):
        return False
    if not set(index.include) <= {*other.include, *other.columns}:
        return False
    return all(_key(one) == _key(two) for one, two in zip(index.keys, other.keys, strict=False))


def _key(key: IndexKey) -> tuple[str, bool, str, str, str]:
    nulls = key.nulls or ("first" if key.descending else "last")
    return (key.column or key.text, key.descending, nulls, key.opclass, key.collation)


def _finding(
    workspace: Workspace, home: Home, table: Table, index: Index, better: Index
) -> Finding:
    at = place_of(index.origin, index.start, index.end)
    same = len(index.keys) == len(better.keys)
    kind = "the primary key" if better.kind == "primary key" else f"`{better.name}`"
    name = f"`{index.name}`" if index.name else f"the index on `{table.label}`"
    return Finding(
        at=at,
        message=f"{name} {'does the same as' if same else 'is a prefix of'} {kind}",
        help="Drop the index: the longer one answers everything that it answers.",
        related=(Related(place_of(better.origin, better.start, better.end), "covers it"),),
        fixes=_without(workspace, home, at, better),
        evidence={
            "index": ", ".join(key.text for key in index.keys),
            "covered by": ", ".join(key.text for key in better.keys),
        },
    )


def _without(workspace: Workspace, home: Home, at: Place, better: Index) -> tuple[Fix, ...]:
    """Take the statement out of the newest file, if it has both: older ones have run somewhere."""
    if not at.path == home.files[-1] == better.origin.partition("\0")[0] or not at.unit:
        return ()
    size, tail = (workspace.one(at.path, tails) or {}).get(at.unit, (0, 0))
    if (at.start, at.end) != (0, size):
        return ()
    whole = Place(at.path, at.unit, 0, size + tail)
    return (Fix("Delete the index", (Change(whole, ""),)),)

"""A foreign key of another type than the key it points at.

An `integer` cannot hold every `bigint`: once the parent's numbers pass 2,147,483,647 its rows can no
longer be referred to, and widening the column then rewrites the largest table.  Text beside a number or a
`uuid` is refused by PostgreSQL at once, and elsewhere makes each comparison a conversion that no index
serves.

## Example

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
--                      ~~ this one
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers
--^^^^^^^^^^^ `orders.customer_id` is integer and points at `customers.id`, which is bigint
);
```

Use instead:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers
);
```

## Not reported

A wider number than the key needs; texts of different lengths; SQLite, where all integers are one type;
types that are not known; tables that could not be read to the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.sql.schema import ForeignKey, SchemaColumn, Table, find_column
from backend_analyzers.workspace import Workspace

_WIDTHS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
_TEXTS = frozenset(
    {"text", "character varying", "character", "citext", "nvarchar", "nchar", "varchar", "char"}
)
_FAMILIES = (
    frozenset(_WIDTHS),
    _TEXTS,
    frozenset({"uuid"}),
    frozenset({"boolean"}),
    frozenset({"date"}),
    frozenset({"bytea", "blob", "binary", "varbinary"}),
)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def foreign_key_type_mismatch(workspace: Workspace) -> Iterator[Finding]:
    tables = {(one.home.key, one.table.key): one for one in workspace.fact(designed)}
    for one in tables.values():
        for key in one.table.foreign_keys:
            target = tables.get((one.home.key, key.target))
            if target is not None:
                yield from _of_key(one, key, target)


def _of_key(one: Designed, key: ForeignKey, target: Designed) -> Iterator[Finding]:
    columns = key.target_columns or target.table.primary_key or ()
    if len(columns) != len(key.columns):
        return
    for name, its in zip(key.columns, columns, strict=True):
        own, other = find_column(one.table, name), find_column(target.table, its)
        if own is not None and other is not None and _differ(one.table, own, other):
            at = one.column_at(own.name)
            yield Finding(
                at=at,
                message=f"`{one.table.label}.{own.name}` is {own.type} and points at "
                f"`{target.table.label}.{other.name}`, which is {other.type}",
                help=f"Give `{own.name}` the type {other.type}.",
                related=(Related(target.column_at(other.name), "this one"),),
                evidence={"foreign key": f"{own.type} -> {other.type}"},
            )


def _differ(table: Table, own: SchemaColumn, other: SchemaColumn) -> bool:
    """Whether a value of the target may not fit, or cannot be compared as it is."""
    one, two = _base(own.type), _base(other.type)
    if one in _WIDTHS and two in _WIDTHS:
        return table.dialect != "sqlite" and _WIDTHS[one] < _WIDTHS[two]
    families = [_family(one), _family(two)]
    return None not in families and families[0] is not families[1]


def _base(written: str) -> str:
    plain = written.partition("(")[0].strip()
    return plain.removesuffix(" unsigned").strip() if not written.endswith("[]") else written


def _family(base: str) -> frozenset[str] | None:
    return next((family for family in _FAMILIES if base in family), None)

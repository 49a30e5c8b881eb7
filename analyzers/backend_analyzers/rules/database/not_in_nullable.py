"""`NOT IN` over a subquery that may give NULL.

`5 NOT IN (1, NULL)` is not true but unknown, since the NULL might be 5.  So a single row with NULL in
the subquery's column makes the whole condition false for every row, without any error.

## Example

In `migrations/0001_products.sql`:

```sql
CREATE TABLE suppliers (id bigint PRIMARY KEY);
CREATE TABLE products (id bigint PRIMARY KEY, supplier_id bigint);
--                                            ~~~~~~~~~~~ may be NULL
```

In `suppliers.ts`:

```typescript
import { Pool } from "pg";
const pool = new Pool();

export async function idle() {
  return pool.query("SELECT id FROM suppliers WHERE id NOT IN (SELECT supplier_id FROM products)");
  //                                                ^^^^^^^^^ `NOT IN` is never true once `supplier_id` is NULL in a row of `products`
}
```

Fixed, `suppliers.ts`:

```typescript
import { Pool } from "pg";
const pool = new Pool();

export async function idle() {
  return pool.query("SELECT id FROM suppliers WHERE NOT EXISTS (SELECT 1 FROM products WHERE products.supplier_id = suppliers.id)");
}
```

## Not reported

Columns that are NOT NULL or part of the primary key, columns that the subquery compares or tests with
`IS NOT NULL`, and columns of which it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, compared, findings_with, replaced, viewed
from backend_analyzers.facts.schema import place_of
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.sql.expand import written
from backend_analyzers.sql.schema import SchemaColumn, Table
from backend_analyzers.sql.statement import ColumnRef, Predicate, Scope, TableRef
from backend_analyzers.workspace import Workspace

_OR = re.compile(r"\bor\b|--", re.IGNORECASE)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def not_in_nullable(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _unsafe)


def _unsafe(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        if one.in_migration:
            continue
        for predicate in one.statement.predicates:
            inner = _subquery(one, predicate)
            column = inner.outputs[0].column if inner and len(inner.outputs) == 1 else None
            if inner is None or column is None or _is_filtered(one, inner, column):
                continue
            found = one.columns(column)
            if found and all(_may_be_null(one, inner, column, *pair) for pair in found):
                yield _finding(one, predicate, inner, column, *found[0], standing)


def _subquery(one: Resolved, predicate: Predicate) -> Scope | None:
    right = predicate.right
    if predicate.operator != "not in" or right is None or right.subquery is None:
        return None
    scope = one.statement.scopes[right.subquery]
    return scope if scope.kind == "select" and not scope.aggregated else None


def _is_filtered(one: Resolved, inner: Scope, column: ColumnRef) -> bool:
    """Whether the subquery's own conditions leave out the NULLs: every comparison does."""
    if one.statement.scopes[0].open or inner.open:
        return True
    for other in one.statement.predicates:
        if other.scope != inner.id or not other.conjunct:
            continue
        if other.operator in {"is null", "is not distinct from", "is distinct from"}:
            continue
        sides = [other.left, *([other.right] if other.right is not None else [])]
        if any(ref.name == column.name for side in sides for ref in side.columns):
            return True
    return False


def _may_be_null(
    one: Resolved, inner: Scope, column: ColumnRef, table: Table, stored: SchemaColumn
) -> bool:
    if table.kind != "table" or not table.known:
        return False
    if stored.nullable and stored.name not in (table.primary_key or ()) and not stored.generated:
        return True
    source = _source(one, inner, column)
    return source is not None and source.join == "left"


def _source(one: Resolved, inner: Scope, column: ColumnRef) -> TableRef | None:
    """The table of the subquery that the column is qualified with, or the only one."""
    tables = [table for table in one.statement.tables if table.scope == inner.id]
    if column.qualifier:
        return next((t for t in tables if t.label == column.qualifier[-1]), None)
    return tables[0] if len(tables) == 1 else None


def _finding(
    one: Resolved,
    predicate: Predicate,
    inner: Scope,
    column: ColumnRef,
    table: Table,
    stored: SchemaColumn,
    standing: Grounds,
) -> Finding:
    name = one.source(column.name_start, column.name_end).strip('"`')
    where = place_of(stored.origin, stored.name_start, stored.name_end)
    return Finding(
        at=one.query.place(predicate.start, predicate.operator_end),
        message=f"`NOT IN` is never true once `{name}` is NULL in a row of `{table.label}`",
        help=f"Use NOT EXISTS, or leave out the rows where `{name}` is NULL.",
        related=(Related(where, "may be NULL"),) if stored.nullable else (),
        fixes=tuple(_fixes(one, predicate, inner, column, standing)),
        evidence={"condition": one.source(predicate.start, predicate.end)[:400]},
    )


def _fixes(
    one: Resolved,
    predicate: Predicate,
    inner: Scope,
    column: ColumnRef,
    standing: Grounds,
) -> Iterator[Fix]:
    """NOT EXISTS where that is the same for rows without NULL, else a condition in the subquery."""
    start, end = predicate.start, predicate.end
    outer = predicate.left.column
    body = one.source(inner.outputs[0].end, inner.end).rstrip()
    if not one.query.is_written(start, end) or not body.endswith(")") or _OR.search(body):
        return
    if inner.grouped or inner.ordered or inner.limit or inner.offset or inner.arms:
        return
    body = body[:-1].rstrip()
    joint = "AND" if inner.filtered else "WHERE"
    kept = one.source(start, inner.outputs[0].end)
    ref = one.source(column.start, column.end)
    labels = _labels(one, predicate, inner, column, outer)
    if outer is not None and labels is not None and not inner.distinct:
        mine, theirs = (written(label, one.statement.dialect) for label in labels)
        inner_name = one.source(column.name_start, column.name_end)
        outer_name = one.source(outer.name_start, outer.name_end)
        same = f"{theirs}.{inner_name} = {mine}.{outer_name}"
        exists = f"NOT EXISTS (SELECT 1{body} {joint} {same})"
        yield from _proved(one, predicate, column, standing, "Use NOT EXISTS", exists)
    title = f"Leave out rows where `{column.name}` is NULL"
    filtered = f"{kept}{body} {joint} {ref} IS NOT NULL)"
    yield from _proved(one, predicate, column, standing, title, filtered)


def _proved(
    one: Resolved,
    predicate: Predicate,
    column: ColumnRef,
    standing: Grounds,
    title: str,
    text: str,
) -> Iterator[Fix]:
    """A fix that must give the same rows where the column has no NULL."""
    at = one.query.place(predicate.start, predicate.end)
    subject = viewed(one, standing)
    stored = one.columns(column)
    if subject is None or not stored:
        yield Fix(title, (Change(at, text),))
        return
    table, kept = stored[0]
    name = ".".join(written(part) for part in (table.schema, table.name))
    but = f"ALTER TABLE {name} ALTER COLUMN {written(kept.name)} SET NOT NULL"
    same = compared(
        one.query,
        replaced(one.query, predicate.start, predicate.end, text),
        standing.of(one.query),
        but=but,
    )
    if same is not None:
        yield Fix(title, (Change(at, text),), same)


def _labels(
    one: Resolved, predicate: Predicate, inner: Scope, column: ColumnRef, outer: ColumnRef | None
) -> tuple[str, str] | None:
    """What qualifies the outer and the inner column, when both are sure and differ."""
    if outer is None:
        return None
    stored = one.columns(outer)
    if not stored or any(c.nullable and c.name not in (t.primary_key or ()) for t, c in stored):
        return None
    tables = [t for t in one.statement.tables if t.scope == inner.id]
    source = _source(one, inner, column)
    around = [t for t in one.statement.tables if t.scope == predicate.scope]
    if outer.qualifier:
        around = [t for t in around if t.label == outer.qualifier[-1]]
    if source is None or len(tables) != 1 or len(around) != 1 or around[0].label == source.label:
        return None
    if any(derived.scope == inner.id for derived in one.statement.derived):
        return None
    return around[0].label, source.label

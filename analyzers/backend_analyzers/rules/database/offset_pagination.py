"""A page of rows chosen by how many to skip: the database reads and throws away all of them first.

The first page is fast, the thousandth reads a thousand pages.  Rows that come or go meanwhile also shift the
pages, so that readers see some twice and others never.  A condition on the last row of the page before begins
where that page ended.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric NOT NULL);
```

In `orders.py`:

```python
import psycopg

def page(connection: psycopg.Connection, number: int) -> list:
    query = "SELECT id, total FROM orders ORDER BY id LIMIT 50 OFFSET %s"
    #                                                          ^^^^^^^^^ reads and throws away every row of `orders` before the page
    return connection.execute(query, [number * 50]).fetchall()
```

Use instead:

```text
import psycopg

def page(connection: psycopg.Connection, last: int) -> list:
    query = "SELECT id, total FROM orders WHERE id > %s ORDER BY id LIMIT 50"
    return connection.execute(query, [last]).fetchall()
```

## Not reported

Constant offsets, and LIMIT 1, which looks for the end of a batch; queries that group, or that find few rows by
a key or an index first, or those that belong to one row of another table; subqueries; what a
mapper pages without an order; tables that are not known; and migrations, scripts and tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.narrowing import (
    equalities,
    is_given,
    is_narrowed,
    is_one_row,
    may_be_narrowed,
    tables_of,
)
from backend_analyzers.facts.paths import is_tool
from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, findings_with, viewed
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.rewrites.keyset import rewrite
from backend_analyzers.sql.schema import Table
from backend_analyzers.sql.statement import Limit
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def offset_pagination(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _pages)


def _pages(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        query, statement = one.query, one.statement
        if one.in_migration or is_tool(query.at.path) or not one.known:
            continue
        top = statement.top
        if may_be_narrowed(one):
            continue
        if statement.kind != "select" or top is None or top.offset is None or top.kind != "select":
            continue
        if query.approximate and not (statement.complete and top.ordered):
            continue  # a page of a list that nobody sorts is one of few rows, as in an admin's view
        if top.limit is not None and top.limit.text.strip() == "1":
            continue  # the row at which the next batch begins
        if top.offset.kind not in {"parameter", "hole"} or top.grouped or top.distinct:
            continue
        label = _read(one)
        if label is None:
            continue
        start = _word(one, top.offset)
        instead = _instead(one, standing)
        yield Finding(
            at=query.place(start, top.offset.end),
            message=f"reads and throws away every row of `{label}` before the page",
            help="Begin after the last row of the page before, by a condition on what the rows are sorted by.",
            evidence={"instead": instead} if instead else {},
        )


def _read(one: Resolved) -> str | None:
    """The table whose rows are skipped, if all of it may be."""
    numbers = [n for n, table in enumerate(one.statement.tables) if table.scope == 0]
    if not numbers or any(one.statement.tables[n].cte is not None for n in numbers):
        return None
    if any(derived.scope == 0 for derived in one.statement.derived):
        return None
    for number in numbers:
        found = tables_of(one, number)
        if not found or any(t.kind != "table" or _is_small(one, number, t) for t in found):
            return None
    return tables_of(one, numbers[0])[0].label


def _is_small(one: Resolved, number: int, table: Table) -> bool:
    """Whether the conditions leave few rows to skip: those of a key, of one value of an index, or of one owner."""
    scope = one.statement.tables[number].scope
    if is_one_row(one, number, table) or is_narrowed(one, scope, table):
        return True
    referring = {column for key in table.foreign_keys for column in key.columns}
    return any(
        side.column is not None
        and (side.column.name in referring or side.column.name.endswith("_id"))
        and is_given(other)
        for predicate in equalities(one, scope)
        if predicate.right is not None
        for side, other in ((predicate.left, predicate.right), (predicate.right, predicate.left))
    )


def _word(one: Resolved, offset: Limit) -> int:
    """Where the word OFFSET stands; MySQL's `LIMIT 10, 20` has none."""
    before = one.source(0, offset.start)
    trimmed = before.rstrip()
    if trimmed[-6:].lower() == "offset":
        return len(trimmed[:-6].encode())
    return offset.start


def _instead(one: Resolved, standing: Grounds) -> str:
    """The query that begins after a row, where the order allows one."""
    subject = viewed(one, standing)
    return next((found.text for found in rewrite(subject)), "") if subject is not None else ""

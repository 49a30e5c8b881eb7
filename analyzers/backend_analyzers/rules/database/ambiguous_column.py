"""A column without a table's name that several tables of the query have: the query fails when it is run.

It may have worked until a migration gave a second table a column of that name.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric NOT NULL);
```

In `orders.py`:

```python
import psycopg

def totals(connection: psycopg.Connection) -> list:
    query = "SELECT id, email, total FROM customers JOIN orders ON orders.customer_id = customers.id"
    #               ^^ `id` may mean a column of `customers` or of `orders`
    return connection.execute(query).fetchall()
```

Use instead:

```text
SELECT orders.id, email, total FROM customers JOIN orders ON orders.customer_id = customers.id
```

## Not reported

Columns of USING and of NATURAL joins, which are one; names of the select list in ORDER BY and GROUP BY;
queries with tables or parts that are not known; and where one of several schemas has the column in one
table only.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def ambiguous_column(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _ambiguous)


def _ambiguous(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    del database
    for one in statements:
        if one.in_migration or one.query.approximate or not one.known:
            continue
        if not one.statement.complete:
            continue
        for number, ref in enumerate(one.statement.columns):
            scope = one.statement.scopes[ref.scope]
            if ref.qualifier or scope.natural or scope.open or ref.name in scope.merged:
                continue
            if ref.clause in {"insert", "conflict", "set", "order", "group"}:
                continue
            labels = _labels(one, number)
            if len(labels) > 1:
                name = one.source(ref.name_start, ref.name_end).strip('"`')
                several = " or of ".join(f"`{label}`" for label in dict.fromkeys(labels))
                if len(set(labels)) == 1:
                    several = f"either {several}"
                yield Finding(
                    at=one.query.place(ref.start, ref.end),
                    message=f"`{name}` may mean a column of {several}",
                    help="Name the table before the column.",
                )


def _labels(one: Resolved, number: int) -> list[str]:
    """The tables that have the column in every schema that the query may be for."""
    found: list[str] = []
    for known in one.known:
        state = known.resolution.columns[number]
        tables = [known.schema.tables[key] for key in state.searched if key in known.schema.tables]
        whole = all(table.known and table.kind == "table" for table in tables)
        if state.state != "ambiguous" or len(tables) < 2 or not whole:  # noqa: PLR2004
            return []
        if any(table.state == "unknown" for table in known.resolution.tables):
            return []
        found = [table.label for table in tables]
    return found

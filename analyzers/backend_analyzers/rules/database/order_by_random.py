"""Rows in random order, for which the database gives every row a number and sorts them all.

To take one row of a million at random this way reads and sorts a million.

## Example

In `migrations/0001_products.sql`:

```sql
CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
```

In `offers.py`:

```python
import psycopg

def offer(connection: psycopg.Connection) -> tuple:
    return connection.execute("SELECT id, name FROM products ORDER BY random() LIMIT 1").fetchone()
    #                                                                 ^^^^^^^^ every row of `products` is read and sorted to pick some at random
```

Use instead:

```text
import random
import psycopg

def offer(connection: psycopg.Connection) -> tuple:
    last = connection.execute("SELECT max(id) FROM products").fetchone()[0]
    start = random.randint(1, last)
    return connection.execute("SELECT id, name FROM products WHERE id >= %s ORDER BY id LIMIT 1", [start]).fetchone()
```

## Not reported

Queries that find few rows by a key or an index first, `TABLESAMPLE`, subqueries and WITH queries that
make the rows, and migrations, scripts and tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.narrowing import equalities, is_narrowed, may_be_narrowed, tables_of
from backend_analyzers.facts.paths import is_tool
from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.statement import Scope
from backend_analyzers.workspace import Workspace

_RANDOM = re.compile(
    r"\border\s+by\s+(?P<call>(?:random|rand|newid|dbms_random\.value)\s*\(\s*\))", re.IGNORECASE
)
_SAMPLE = re.compile(r"\btablesample\b", re.IGNORECASE)
_NESTED = re.compile(r"\bover\s*\(\s*(?:partition\s+by\s[^()]*)?\Z", re.IGNORECASE)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def order_by_random(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _shuffled)


def _shuffled(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    del database
    for one in statements:
        if one.in_migration or is_tool(one.query.at.path) or not one.statement.scopes:
            continue
        text = one.source(one.statement.start, one.statement.end)
        if _SAMPLE.search(text) or may_be_narrowed(one):
            continue
        for found in _RANDOM.finditer(text):
            if _NESTED.search(text[: found.start()]):
                continue
            at = one.statement.start + len(text[: found.start("call")].encode())
            end = at + len(found["call"].encode())
            scope = _around(one, at)
            label = _read_whole(one, scope) if scope is not None else None
            if label is not None:
                yield Finding(
                    at=one.query.place(at, end),
                    message=f"every row of `{label}` is read and sorted to pick some at random",
                    help="Pick keys at random and ask for those, or use TABLESAMPLE.",
                )


def _around(one: Resolved, at: int) -> Scope | None:
    """The query level that is sorted."""
    around = [
        s for s in one.statement.scopes if s.start <= at < s.end and s.kind in {"select", "set"}
    ]
    return min(around, key=lambda scope: scope.end - scope.start, default=None)


def _read_whole(one: Resolved, scope: Scope) -> str | None:
    """The stored table that is read and sorted as a whole; None when it need not be."""
    numbers = [n for n, table in enumerate(one.statement.tables) if table.scope == scope.id]
    if not numbers or scope.kind != "select" or scope.open or not scope.ordered:
        return None
    if any(derived.scope == scope.id for derived in one.statement.derived):
        return None
    first = one.statement.tables[numbers[0]]
    if first.cte is not None or any(one.statement.tables[n].cte is not None for n in numbers):
        return None
    found = tables_of(one, numbers[0])
    if any(table.kind != "table" or not table.known for table in found):
        return None
    if not found and any(True for _ in equalities(one, scope.id)):
        return None
    if any(is_narrowed(one, scope.id, table) for table in found):
        return None
    return first.name

"""DISTINCT that only takes away the duplicates that a join of the same query made.

The join multiplies the rows of one table by those of another of which nothing is used, and DISTINCT sorts or
hashes all of them to be rid of the copies.  EXISTS asks the same and stops at the first match; and a DISTINCT
that hides a wrong join hides it also from whoever adds an aggregate later.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id), total numeric NOT NULL);
```

In `mailing.py`:

```python
import psycopg

def buyers(connection: psycopg.Connection) -> list:
    query = "SELECT DISTINCT c.id, c.email FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 100"
    #               ^^^^^^^^ DISTINCT takes away what the join with `orders` multiplied
    return connection.execute(query).fetchall()
```

Fixed, `mailing.py`:

```python
import psycopg

def buyers(connection: psycopg.Connection) -> list:
    query = "SELECT c.id, c.email FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 100)"
    return connection.execute(query).fetchall()
```

## Not reported

Joins that find one row at most, by a key; joins of which a column is given or sorted by; queries whose
columns do not tell the rows apart without the join, so that DISTINCT has more to do; and queries of which a
part is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, findings_with, viewed
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.rules.database import written_anew
from backend_analyzers.sql.rewrites.distinct_join import exists_instead, may_be_asked
from backend_analyzers.sql.rewrites.keys import joins_one
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def distinct_hiding_join(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _hiding)


def _hiding(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        if one.in_migration or one.statement.kind != "select":
            continue
        if not any(scope.distinct for scope in one.statement.scopes):
            continue
        subject = viewed(one, standing)
        for select in subject.selects if subject is not None else ():
            if subject is None or select.distinct is None or not select.is_plain:
                continue
            if select.is_grouped or select.has_windows:
                continue
            for source in select.sources:
                if not may_be_asked(subject, select, source) or joins_one(subject, source):
                    continue
                assert source.number is not None
                label = subject.ref(source.number).name
                rewrites = list(exists_instead(subject, select, source))
                yield Finding(
                    at=one.query.place(select.distinct.start, select.distinct.end),
                    message=f"DISTINCT takes away what the join with `{label}` multiplied",
                    help="Ask with EXISTS whether there is such a row.",
                    fixes=tuple(f for r in rewrites for f in written_anew(one, standing, r)),
                )
                break

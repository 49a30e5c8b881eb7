"""Two tables of one query that no condition ties together: each row of one comes with each row of the other.

A thousand customers and a million orders make a thousand million rows.  Most often the condition was
forgotten, or names the same table on both sides.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric NOT NULL);
```

In `report.py`:

```python
import psycopg

def report(connection: psycopg.Connection) -> list:
    query = "SELECT c.email, o.total FROM customers c, orders o WHERE o.total > 100"
    #                                                  ^^^^^^^^ no condition ties `orders` to `customers`
    return connection.execute(query).fetchall()
```

Use instead:

```text
import psycopg

def report(connection: psycopg.Connection) -> list:
    query = "SELECT c.email, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 100"
    return connection.execute(query).fetchall()
```

## Not reported

CROSS JOIN, which says that it is meant; tables of which the conditions find one row by a key; subqueries,
functions and WITH queries, which may give one row; queries that a mapper writes; conditions that could not be read to the end; and
columns of which it is not sure whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.narrowing import is_one_row, tables_of
from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.statement import Scope
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def accidental_cross_join(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _untied)


def _untied(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    del database
    for one in statements:
        if one.in_migration or not one.statement.complete or not one.known:
            continue
        if one.query.approximate:
            continue  # the condition of a join may follow from a relation of the models
        for scope in one.statement.scopes:
            if scope.kind in {"select", "update", "delete"}:
                yield from _in_scope(one, scope)


def _in_scope(one: Resolved, scope: Scope) -> Iterator[Finding]:
    statement = one.statement
    numbers = [n for n, table in enumerate(statement.tables) if table.scope == scope.id]
    if len(numbers) < 2 or scope.open or scope.natural or scope.merged:  # noqa: PLR2004
        return
    if any(derived.scope == scope.id for derived in statement.derived):
        return
    tables = [statement.tables[number] for number in numbers]
    if any(t.cte is not None or t.join in {"cross", "natural"} for t in tables):
        return
    if any(_SETTINGS.search(t.name) for t in tables) or _ALWAYS.search(
        one.source(scope.start, scope.end)
    ):
        return
    groups = _groups(one, scope, numbers)
    if groups is None or len(groups) < 2:  # noqa: PLR2004
        return
    first = next(group for group in groups if numbers[0] in group)
    for group in groups:
        if group is first or _is_single(one, group):
            continue
        if _is_single(one, first):
            first = group
            continue
        other = statement.tables[min(group)]
        yield Finding(
            at=one.query.place(other.start, other.end),
            message=f"no condition ties `{other.name}` to `{statement.tables[min(first)].name}`",
            help="Join them on the columns that belong together, or write CROSS JOIN.",
        )


def _is_single(one: Resolved, group: set[int]) -> bool:
    """Whether one of the tables that are tied together gives one row at most, as far as is known."""
    for number in group:
        found = tables_of(one, number)
        if not found or any(t.kind != "table" or is_one_row(one, number, t) for t in found):
            return True
    return False


_NESTED = -2
"""What subqueries name of the tables around them counts as one condition: they may tie them together."""
_ALWAYS = re.compile(r"\bon\s*\(?\s*(?:true\b|1\s*=\s*1)", re.IGNORECASE)
_SETTINGS = re.compile(
    r"settings?|config\w*|params?|parameters?|options?|constants?|meta(?:data)?|preferences?|system|site",
    re.IGNORECASE,
)
"""Tables of one row, by their names."""


def _groups(one: Resolved, scope: Scope, numbers: list[int]) -> list[set[int]] | None:
    """The tables that conditions tie together; None when it is not sure what they are about."""
    groups = [{number} for number in numbers]
    used: dict[int, set[int]] = {}
    for place, ref in enumerate(one.statement.columns):
        whose = {known.resolution.columns[place].source for known in one.known}
        states = {known.resolution.columns[place].state for known in one.known}
        if states <= {"output"}:
            continue
        if len(whose) != 1 or not states <= {"column", "derived"} or None in whose:
            return None
        if ref.scope != scope.id:
            used.setdefault(_NESTED, set()).update(w for w in whose if w is not None)
        elif ref.clause in {"where", "join", "having"}:
            used.setdefault(_condition(one, ref.start), set()).update(
                w for w in whose if w is not None
            )
    for together in used.values():
        tied = [group for group in groups if group & together]
        if len(tied) > 1:
            groups = [group for group in groups if group not in tied]
            groups.append(set().union(*tied))
    return groups


def _condition(one: Resolved, at: int) -> int:
    """The condition that a column stands in, by where it begins; below OR all that is one."""
    around = [p.start for p in one.statement.predicates if p.conjunct and p.start <= at < p.end]
    return min(around, default=-1)

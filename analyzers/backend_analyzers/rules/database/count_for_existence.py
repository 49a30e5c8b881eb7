"""A count of all rows that is only compared with zero.

To count, the database reads every row that the conditions find; to know whether there is one, the first will
do.

## Example

```python
import psycopg

def has_orders(connection: psycopg.Connection, customer: int) -> bool:
    query = "SELECT count(*) FROM orders WHERE customer_id = %s"
    return connection.execute(query, [customer]).fetchone()[0] > 0
    #      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ counts all rows of `orders` to know whether there is one
```

Use instead:

```text
SELECT EXISTS (SELECT 1 FROM orders WHERE customer_id = %s)
```

## Not reported

Counts that are shown or used for anything else as well; counts of groups, of distinct values, or of a part
of the rows; counts of rows that a key finds, or of a
system catalogue; and tests and scripts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

from backend_analyzers.facts.narrowing import is_one_row, tables_of
from backend_analyzers.facts.paths import is_test, is_tool
from backend_analyzers.facts.resolved import Resolved, resolved
from backend_analyzers.facts.rewriting import Grounds, grounds, viewed
from backend_analyzers.facts.zero_tests import ZeroTest, zero_tests
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.rules.database import written_anew
from backend_analyzers.source import Place
from backend_analyzers.sql.rewrites.count_exists import rewrite
from backend_analyzers.sql.rewrites.view import view
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import TableRef
from backend_analyzers.workspace import Workspace

_COUNT = re.compile(
    r"\s*count\s*\(\s*(?:\*|1|(?:\w+\.)?\"?\w+\"?)\s*\)(?:\s+(?:as\s+)?\"?\w+\"?)?\s*\Z",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def count_for_existence(workspace: Workspace) -> Iterator[Finding]:
    standing = workspace.fact(grounds)
    tests = workspace.fact(_tests)
    for path, statements in workspace.fact(resolved).items():
        if is_tool(path):
            continue
        counting: dict[Place, Resolved] = {}
        for one in statements:
            if one.in_migration:
                continue
            yield from _in_sql(one, standing)
            if one.query.call is not None and _counts(one):
                counting[one.query.call] = one
        for test in tests.get(path, ()) if counting else ():
            call = next((call for call in test.calls if call in counting), None)
            call = call or _asked_before(statements, test)
            if call in counting:
                yield _in_code(counting[call], test)


def _tests(workspace: Workspace) -> Mapping[str, tuple[ZeroTest, ...]]:
    return {
        path: found
        for path, found in workspace.each(zero_tests).items()
        if found and not is_test(path)
    }


def _asked_before(statements: tuple[Resolved, ...], test: ZeroTest) -> Place | None:
    """The last query that was run through the cursor from which the number is fetched."""
    calls = [
        one.query.call
        for one in statements
        if one.query.call is not None
        and test.cursor
        and one.query.receiver == test.cursor
        and one.query.call.unit == test.at.unit
        and one.query.call.end <= test.fetched
    ]
    return max(calls, key=lambda call: call.start, default=None)


def _in_sql(one: Resolved, standing: Grounds) -> Iterator[Finding]:
    """A comparison within the query, and the query with EXISTS."""
    if not any(scope.aggregated for scope in one.statement.scopes) or one.query.approximate:
        return
    subject = viewed(one, standing)
    if subject is None and not one.query.holes and len(one.query.statements) == 1:
        subject = view(one.query.text, one.statement, Schema())
    for found in rewrite(subject) if subject is not None else ():
        edit = found.edits[0]
        yield Finding(
            at=one.query.place(edit.start, edit.end),
            message=f"counts all rows{_of(one, edit.start, edit.end)} to know whether there is one",
            help="Ask with EXISTS, which stops at the first row.",
            fixes=written_anew(one, standing, found),
        )


def _counts(one: Resolved) -> bool:
    """Whether a query gives one number, how many rows there are."""
    statement = one.statement
    top = statement.top
    if statement.kind != "select" or top is None or top.kind != "select" or len(top.outputs) != 1:
        return False
    if top.grouped or top.distinct or top.limit is not None or not statement.tables:
        return False
    if any(_is_system(table) for table in statement.tables):
        return False
    output = top.outputs[0]
    if not _COUNT.match(one.source(output.start, output.end)):
        return False
    return not any(
        is_one_row(one, number, table)
        for number, source in enumerate(statement.tables)
        if source.scope == 0
        for table in tables_of(one, number)
    )


def _is_system(table: TableRef) -> bool:
    return table.schema in _SYSTEM or table.name.startswith(("pg_", "sqlite_"))


_SYSTEM = frozenset({"information_schema", "pg_catalog", "sys", "mysql", "performance_schema"})


def _in_code(one: Resolved, test: ZeroTest) -> Finding:
    return Finding(
        at=test.at,
        message=f"counts all rows{_of(one)} to know whether there is one",
        help="Ask with EXISTS, or for one row with LIMIT 1.",
        evidence={"query": one.source(one.statement.start, one.statement.end)[:400]},
    )


def _of(one: Resolved, start: int = 0, end: int = sys.maxsize) -> str:
    """The first table of a part of the query."""
    tables = [t for t in one.statement.tables if t.cte is None and start <= t.start < end]
    return f" of `{tables[0].name}`" if tables else ""

"""A value that is read, changed in the program, and written back.

Two requests at once read the same value, and the one that writes last undoes what the other has done: ten sales
that each take one from the stock may take less than ten.

## Example

```python
import psycopg


def sell(connection: psycopg.Connection, product: int, sold: int) -> None:
    row = connection.execute("SELECT stock FROM products WHERE id = %s", (product,)).fetchone()
    #     ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ read here
    left = row[0] - sold
    connection.execute("UPDATE products SET stock = %s WHERE id = %s", (left, product))
  # ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `stock` is read, changed and written back: what others write meanwhile is lost
```

Use instead:

```python
import psycopg


def sell(connection: psycopg.Connection, product: int, sold: int) -> None:
    connection.execute(
        "UPDATE products SET stock = stock - %s WHERE id = %s", (sold, product)
    )
```

or `SELECT … FOR UPDATE` in the same transaction, or a column that counts versions and a WHERE that compares it.
In Django, `F("stock") - sold`; in SQLAlchemy, `Product.stock - sold`.

## Not reported

Rows that were locked when they were read, and functions that hold a lock; an UPDATE whose WHERE compares the
column or a version; objects of which the function does not show where they come from; counters of attempts; classes with
`version_id_col`; tests, migrations and scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.recomputed import Recomputed, recomputed
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import File
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH, cwe=(362, 367))
def lost_update(workspace: Workspace) -> Iterator[Finding]:
    changed = {path: some for path, some in workspace.each(recomputed).items() if some}
    if not changed:
        return
    queries = workspace.fact(all_queries)
    versioned = any(workspace.each(_has_versions).values())
    for path, some in changed.items():
        if is_test(path) or is_migration(path) or is_tool(path):
            continue
        for one in some:
            if _HARMLESS.search(one.column) or (one.kind == "attribute" and versioned):
                continue
            finding = _judged(one, queries.get(path, ()))
            if finding is not None:
                yield finding


@file_fact
def _has_versions(file: File) -> bool:
    """Whether the classes of a file count versions, so that a lost update fails instead."""
    return b"version_id_col" in file.text


_HARMLESS = re.compile(
    r"retr|attempt|tries|version|revision|position|rank|sort|^order$", re.IGNORECASE
)
"""Counters that only their own job counts, and what is compared rather than added up."""


def _judged(one: Recomputed, queries: tuple[Query, ...]) -> Finding | None:
    written = next((q for q in queries if q.call == one.at), None) if one.kind == "sql" else None
    table = _table(written) if written is not None else ""
    if one.kind == "sql" and (not table or written is None or _compares(written, one.column)):
        return None
    for query in queries:
        if not _reads(one, query):
            continue
        if one.kind == "sql" and not _gives(query, table, one.column):
            continue
        name = one.column
        related = [Related(query.call or query.at, "read here")]
        if one.saved != one.at:
            related.append(Related(one.saved, "written here"))
        return Finding(
            at=one.at,
            message=f"`{name}` is read, changed and written back: what others write meanwhile is lost",
            help=f"Have the database add to `{name}`, or lock the row when it is read.",
            related=tuple(related),
            confidence=None if one.kind == "sql" else Confidence.MEDIUM,
        )
    return None


_LOCKS = re.compile(r"\bfor\s+(?:no\s+key\s+)?(?:update|share)\b", re.IGNORECASE)


def _reads(one: Recomputed, query: Query) -> bool:
    """Whether a query is one of those that gave the value, and locked nothing."""
    at = query.call
    if at is None or at.unit != one.at.unit or len(query.statements) != 1:
        return False
    if query.statements[0].kind != "select" or _LOCKS.search(query.text):
        return False
    return any(s.start <= at.start and at.end <= s.end for s in one.asked)


def _table(query: Query) -> str:
    """The table that a query writes."""
    written = [t.name for s in query.statements for t in s.tables if t.role == "write"]
    return written[0].lower() if written else ""


_VERSION = re.compile(r"version|revision|updated|modified|etag|xmin|lock", re.IGNORECASE)


def _compares(query: Query, column: str) -> bool:
    """Whether a WHERE makes sure that nobody has written meanwhile."""
    return any(
        one.clause == "where" and (one.name == column or _VERSION.search(one.name))
        for one in query.statements[0].columns
    )


def _gives(query: Query, table: str, column: str) -> bool:
    """Whether a SELECT gives the column of the table."""
    statement = query.statements[0]
    if not any(one.name.lower() == table for one in statement.tables):
        return False
    return bool(statement.stars) or any(
        one.name == column and one.clause == "select" for one in statement.columns
    )

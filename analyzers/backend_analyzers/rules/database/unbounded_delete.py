"""DELETE or UPDATE without WHERE: every row of the table, from code that runs in production.

A condition that was forgotten, or that a refactoring lost, costs the whole table; and even where all rows are
meant, one statement over all of them locks them until it ends.

## Example

```python
import psycopg

def expire(connection: psycopg.Connection) -> None:
    connection.execute("DELETE FROM sessions")
    #                   ^^^^^^^^^^^^^^^^^^^^ deletes every row of `sessions`
```

Use instead:

```python
import psycopg

def expire(connection: psycopg.Connection) -> None:
    connection.execute("DELETE FROM sessions WHERE expires_at < now()")
```

## Not reported

Migrations, scripts and tests; temporary tables and tables that the query itself makes; functions whose
name says that all is meant (`clear_cache`, `reset`, `truncate`), or that empty several tables, or fill the
table again; statements with a part that is put together
at run time; updates that take their rows from a join, or that take a mark from all rows which one of them gets again
(`is_default = false`); and tables whose name says that they hold what can be
made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.paths import is_tool
from backend_analyzers.facts.resolved import Resolved, findings_of
from backend_analyzers.facts.schema import Database
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace

_MEANT = re.compile(
    r"(?:\b|_)(?:all|clear|clean|reset|truncate|purge|flush|wipe|empty|drop|destroy|teardown|tear_down|init|setup"
    r"|set_up|rebuild|reindex|refresh|seed|restore|replace|recreate|regenerate|resync|vacuum|everything|erase)",
    re.IGNORECASE,
)
_FLAG = re.compile(
    r"\bset\s+\"?(?:is_|has_)?(?:default|current|primary|main|selected|latest|newest|featured|preferred|last)"
    r"(?:_\w+)?\"?\s*=\s*(?:false|0|null|'f'|\$\d+|%s|\?)\s*\Z",
    re.IGNORECASE,
)
"""A mark that one row has at most is taken from all before another gets it."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REMADE = re.compile(
    r"(?:\A|_)(?:te?mp|cache|cached|staging|stage|scratch|buffer|stats?|statistics|summary|index|lock|locks"
    r"|rollups?|rebuild|derived|snapshots?|queue|outbox|search|sync|import|export)(?:_|\Z)",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def unbounded_delete(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _unbounded)


def _unbounded(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    for one in statements:
        statement, query = one.statement, one.query
        if one.in_migration or is_tool(query.at.path) or not query.in_code:
            continue
        if statement.kind not in {"delete", "update"} or not statement.complete:
            continue
        top = statement.scopes[0] if statement.scopes else None
        if top is None or top.kind != statement.kind or not _touches_all(one):
            continue
        target = statement.tables[0]
        passing = target.name.lower() in database.elsewhere and not database.tables(target.name)
        if passing or _REMADE.search(target.name):
            continue
        if any(_is_meant(part) for part in (query.function, query.at.unit)):
            continue
        if statement.kind == "delete" and _is_emptied(one, statements):
            continue
        if statement.kind == "update" and _FLAG.search(one.source(statement.start, statement.end)):
            continue
        end = target.end if statement.kind == "delete" else statement.end
        verb = "deletes" if statement.kind == "delete" else "changes"
        yield Finding(
            at=query.place(statement.start, end),
            message=f"{verb} every row of `{target.name}`",
            help="Say in WHERE which rows are meant.",
            evidence={"statement": one.source(statement.start, statement.end)[:400]},
        )


def _is_emptied(one: Resolved, statements: tuple[Resolved, ...]) -> bool:
    """Whether the same function fills the table again, or empties other tables too: then all is meant."""
    target = one.statement.tables[0].name
    beside = [
        other.statement
        for other in statements
        if other.query.at.unit == one.query.at.unit and other.query.function == one.query.function
    ]
    if any(s.kind == "insert" and s.tables and s.tables[0].name == target for s in beside):
        return True
    emptied = {
        s.tables[0].name
        for s in beside
        if s.kind == "delete" and s.tables and not any(scope.filtered for scope in s.scopes)
    }
    return len(emptied) > 1


def _touches_all(one: Resolved) -> bool:
    """Whether nothing chooses among the rows: no WHERE, no other table, no LIMIT, no part that is unknown."""
    top = one.statement.scopes[0]
    if top.filtered or top.open or top.limit is not None or one.query.holes:
        return False
    own = [table for table in one.statement.tables if table.scope == 0]
    if len(own) != 1 or own[0].role != "write" or any(d.scope == 0 for d in one.statement.derived):
        return False
    text = one.source(one.statement.start, one.statement.end).lower()
    return re.search(r"\bwhere\b|\blimit\b|\bcurrent\s+of\b", text) is None


def _is_meant(name: str) -> bool:
    return bool(_MEANT.search(_CAMEL.sub("_", name.rpartition(".")[2])))

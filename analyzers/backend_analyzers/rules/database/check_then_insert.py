"""A row that is inserted because it was not there a moment ago.

Two requests at once both look, both find nothing, and both insert.  Only a key of the database can keep the second
one out; then the insert can be left to find out whether the row is there.

## Example

In `schema.sql`:

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
```

In `shop.py`:

```python
import psycopg


def register(connection: psycopg.Connection, email: str) -> None:
    row = connection.execute("SELECT id FROM customers WHERE email = %s", (email,)).fetchone()
    #     ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ was not there a moment ago
    if row is None:
        connection.execute("INSERT INTO customers (email) VALUES (%s)", (email,))
      # ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ two requests at once both insert into `customers`, which has no key on `email`
```

Use instead a key, `CREATE UNIQUE INDEX ON customers (email)`, and `INSERT INTO customers (email) VALUES (%s)
ON CONFLICT (email) DO NOTHING`, with nothing to look for before.

## Not reported

Tables whose keys are not known; inserts that say what to do on a conflict, or whose violated key is caught;
functions that hold a lock; `get_or_create` and the like on columns with a key; tests, migrations and scripts.
With a key on the columns the second insert fails instead, which is reported with low confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.absences import Absence, absences
from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.models.found import found_models
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import Table
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH, cwe=(362, 367))
def check_then_insert(workspace: Workspace) -> Iterator[Finding]:
    asked = {path: some for path, some in workspace.each(absences).items() if some}
    if not asked:
        return
    queries = workspace.fact(all_queries)
    known = workspace.fact(database)
    for path, some in asked.items():
        if is_test(path) or is_migration(path) or is_tool(path):
            continue
        found = queries.get(path, ())
        told: dict[Place, Finding] = {}
        for absence in some:
            looks = [one for one in found if _answers(absence, one)]
            if looks:
                here = list(_judged(absence, found, looks, known))
                for finding in here or _added(path, absence, looks, known, workspace):
                    # One insert may follow several looks: what has no key matters most.
                    if finding.at not in told or finding.confidence is None:
                        told[finding.at] = finding
        yield from told.values()


def _added(
    path: str, absence: Absence, looks: list[Query], known: Database, workspace: Workspace
) -> Iterator[Finding]:
    """Objects that are added to a session."""
    for made in absence.made:
        # The session may send it later, where the violated key is caught.
        if any(made.at.start < end for _, end in absence.handled):
            continue
        model = workspace.fact(found_models).find(path, made.model)
        if model is None or model.mapper != "sqlalchemy":
            continue
        fields = [field for name in made.names if (field := model.field(name)) is not None]
        given = {field.column.lower() for field in fields if field.column}
        given |= {one.lower() for field in fields for one, _ in field.join}
        for look in looks:
            columns = _compared(look, model.table)
            table = _known(known, model.table, model.schema)
            if table is not None and columns and all(one.lower() in given for one in columns):
                yield _finding(look, made.at, table, columns)
                return


def _judged(
    absence: Absence, queries: tuple[Query, ...], looks: list[Query], known: Database
) -> Iterator[Finding]:
    for query in queries:
        inserted = _insert(query)
        at = query.call or query.at
        if inserted is None or at.unit != absence.at.unit:
            continue
        if not absence.start <= at.start < absence.end:
            continue
        if any(start <= at.start < end for start, end in absence.handled):
            continue
        for look in looks:
            columns = _asked_for(look, inserted)
            table = _table(known, inserted)
            if table is None or not columns:
                continue
            yield _finding(look, at, table, columns)
            return


def _answers(absence: Absence, query: Query) -> bool:
    at = query.call
    if at is None or at.unit != absence.at.unit or not query.statements:
        return False
    if query.statements[0].kind != "select":
        return False
    return any(one.start <= at.start and at.end <= one.end for one in absence.asked)


_CONFLICT = re.compile(
    r"\bon\s+(?:conflict|duplicate)\b|\binsert\s+(?:or\s+)?ignore\b|\breplace\b", re.IGNORECASE
)


def _insert(query: Query) -> Statement | None:
    """The statement of a query that inserts a row, come what may."""
    if len(query.statements) != 1 or query.statements[0].kind != "insert":
        return None
    return None if _CONFLICT.search(query.text) else query.statements[0]


def _written(statement: Statement) -> tuple[str, str | None] | None:
    return next(((t.name, t.schema) for t in statement.tables if t.role == "write"), None)


def _asked_for(look: Query, inserted: Statement) -> tuple[str, ...]:
    """The columns that a look for a row of the same table compares, and that the insert gives values."""
    written = _written(inserted)
    asked = _compared(look, written[0]) if written is not None else ()
    given = {one.name.lower() for one in inserted.columns if one.clause == "insert"}
    return asked if given and all(one.lower() in given for one in asked) else ()


def _compared(look: Query, name: str) -> tuple[str, ...]:
    """The columns that a look for one row of a table compares with values; none when it does more."""
    statement = look.statements[0]
    read = [table for table in statement.tables if table.role != "write" and table.cte is None]
    if len(read) != 1 or read[0].name.lower() != name.lower():
        return ()
    if not statement.complete or _UNREAD.search(look.text):
        return ()
    columns: list[str] = []
    for one in statement.predicates:
        if one.clause != "where":
            continue
        column = one.left.column
        if one.operator != "=" or not one.conjunct or column is None or one.right is None:
            return ()
        columns.append(column.name)
    return tuple(dict.fromkeys(columns))


_UNREAD = re.compile(
    r"\b(?:where|and|or|not)\s+(?:\$\d+|%s|\?)\s*(?:and\b|or\b|limit\b|order\b|\)|$)", re.IGNORECASE
)
"""A condition of which a mapper could not be read more than that it is there."""


def _table(known: Database, inserted: Statement) -> Table | None:
    """The one table that is meant, when all of its keys are known."""
    written = _written(inserted)
    return None if written is None else _known(known, *written)


def _known(known: Database, name: str, schema: str | None) -> Table | None:
    """The one table of a name, when all of its keys are known."""
    tables = [table for home, table in known.tables(name, schema) if home.key not in known.past]
    if len(tables) != 1 or not tables[0].known or tables[0].kind != "table":
        return None
    return None if tables[0].name.lower() in known.changed else tables[0]


def _finding(look: Query, insert: Place, table: Table, columns: tuple[str, ...]) -> Finding:
    wanted = {one.lower() for one in columns}
    keys = [one.columns for one in table.indexes if one.unique and one.plain]
    keys += [table.primary_key] if table.primary_key else []
    has_key = any({one.lower() for one in key} <= wanted for key in keys)
    named = ", ".join(f"`{one}`" for one in columns)
    if has_key:
        message = (
            f"two requests at once both find no row, and one insert into `{table.label}` fails"
        )
        help_ = "Say what to do on a conflict, or catch the violated key."
    else:
        message = (
            f"two requests at once both insert into `{table.label}`, which has no key on {named}"
        )
        help_ = "Declare the key, and let the insert say what to do on a conflict."
    at = look.call or look.at
    return Finding(
        at=insert,
        message=message,
        help=help_,
        related=(Related(at, "was not there a moment ago"),),
        confidence=Confidence.LOW if has_key else None,
    )

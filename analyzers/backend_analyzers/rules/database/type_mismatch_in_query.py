"""A comparison of two types that PostgreSQL does not compare: the query fails whenever it is run.

MySQL and SQLite convert one of the two; PostgreSQL says `operator does not exist: boolean = integer`, or that
a text is no value of the column's type.

## Example

In `migrations/0001_customers.sql`:

```sql
CREATE TABLE customers (id uuid PRIMARY KEY, active boolean NOT NULL);
--                                           ~~~~~~ is `boolean`
```

In `customers.py`:

```python
import psycopg

def active(connection: psycopg.Connection) -> list:
    return connection.execute("SELECT id FROM customers WHERE active = 1").fetchall()
    #                                                         ^^^^^^^^^^ `active` is `boolean` and cannot be compared with a whole number
```

Use instead:

```text
SELECT id FROM customers WHERE active
```

## Not reported

Projects of which it is not sure that they use PostgreSQL; parameters, whose type only the driver knows;
types that are not known or that an extension may compare; expressions other than columns, constants and
casts; and queries that a mapper writes, which converts what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.resolved import Known, Resolved, findings_of
from backend_analyzers.facts.schema import Database, place_of
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.sql.families import are_compared, family, family_of, is_postgres, takes
from backend_analyzers.sql.schema import Schema, SchemaColumn, Table, find_column
from backend_analyzers.sql.statement import ColumnRef, Operand, Predicate
from backend_analyzers.workspace import Workspace

_OPERATORS = frozenset({"=", "<>", "<", "<=", ">", ">=", "in", "not in", "between", "not between"})


@workspace_rule(severity=Severity.ERROR, confidence=Confidence.HIGH)
def type_mismatch_in_query(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_of(workspace, _mismatched)


def _mismatched(statements: tuple[Resolved, ...], database: Database) -> Iterator[Finding]:
    del database
    for one in statements:
        if one.in_migration or one.query.approximate or one.statement.dialect != "postgresql":
            continue
        if not one.known or not all(is_postgres(k.schema, one.query.text) for k in one.known):
            continue
        for predicate in one.statement.predicates:
            if predicate.operator in _OPERATORS and predicate.right is not None:
                yield from _of_predicate(one, predicate)


def _of_predicate(one: Resolved, predicate: Predicate) -> Iterator[Finding]:
    for side, other in _pairs(predicate):
        if side.column is None:
            continue
        found = [_stored(one, known, side.column) for known in one.known]
        faults = [
            _fault(one, known, one_of, other)
            for known, one_of in zip(one.known, found, strict=True)
        ]
        fault = faults[0]
        if fault is None or None in faults or found[0] is None:
            continue
        column = found[0][1]
        shown = one.source(side.column.name_start, side.column.name_end).strip('"')
        yield Finding(
            at=one.query.place(predicate.start, predicate.end),
            message=f"`{shown}` is `{column.type}` and {fault}",
            help="Compare values of one type, or cast one of them.",
            related=(
                Related(
                    place_of(column.origin, column.name_start, column.name_end),
                    f"is `{column.type}`",
                ),
            ),
        )
        return


def _pairs(predicate: Predicate) -> Iterator[tuple[Operand, Operand]]:
    """A column, and what it is compared with."""
    right = predicate.right
    if right is None:
        return
    others = right.arguments if right.kind == "list" else (right,)
    for other in others:
        yield predicate.left, other
        yield other, predicate.left
    if predicate.upper is not None:
        yield predicate.left, predicate.upper


def _stored(one: Resolved, known: Known, ref: ColumnRef) -> tuple[Table, SchemaColumn] | None:
    number = next((n for n, c in enumerate(one.statement.columns) if c == ref), None)
    state = known.resolution.columns[number] if number is not None else None
    if state is None or state.state != "column" or state.table is None:
        return None
    table = known.schema.tables.get(state.table)
    if table is None or table.kind not in {"table", "foreign table"} or not table.known:
        return None
    column = find_column(table, ref.name)
    return (table, column) if column is not None else None


def _fault(
    one: Resolved, known: Known, found: tuple[Table, SchemaColumn] | None, other: Operand
) -> str | None:
    """What is wrong with a comparison; None when nothing is for sure."""
    kind = family(found[1].type, known.schema) if found is not None else ""
    if not kind:
        return None
    if other.column is not None:
        second = _stored(one, known, other.column)
        theirs = family(second[1].type, known.schema) if second is not None else ""
        if second is None or are_compared(kind, theirs):
            return None
        return f"cannot be compared with `{second[1].name}`, which is `{second[1].type}`"
    theirs = family_of(other, known.schema)
    if theirs:
        words = f"`{theirs.removeprefix('enum ')}`" if other.kind == "cast" else f"a {theirs}"
        return None if are_compared(kind, theirs) else f"cannot be compared with {words}"
    return _no_value(kind, other, known.schema)


def _no_value(kind: str, other: Operand, schema: Schema) -> str | None:
    text = other.text.strip()
    if other.kind != "constant" or len(text) < 2 or text[0] != "'" or text[-1] != "'":  # noqa: PLR2004
        return None
    value = text[1:-1].replace("''", "'")
    if "%" in value or "\\" in value or takes(kind, value, schema):
        return None
    return f"`{text}` is no value of it"

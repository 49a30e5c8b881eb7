"""A comparison that converts the indexed column, row by row, so that its index cannot be used.

The database makes both sides one type.  Where the column's is the narrower of the two (a whole number beside a
decimal, a number beside a float, `char` beside `text`) it is the column that is converted, and the index holds the values
before that.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, number integer NOT NULL, total numeric(10, 2) NOT NULL);
CREATE INDEX orders_number ON orders (number);
-- <~ this index is not used
```

In `orders.py`:

```python
import psycopg

def large(connection: psycopg.Connection) -> list:
    return connection.execute("SELECT id FROM orders WHERE number > 99.5").fetchall()
    #                                                      ^^^^^^^^^^^^^ `number` is converted from `integer` in every row, since it is compared with a decimal number
```

Fixed, `orders.py`:

```python
import psycopg

def large(connection: psycopg.Connection) -> list:
    return connection.execute("SELECT id FROM orders WHERE number > 99").fetchall()
```

## Not reported

Columns that no index starts with; queries that find their rows by another index; parameters, which take the
type of the column; types of one width or another (`integer` and `bigint`, `date` and `timestamp`), which an index
serves both; conditions below OR; and queries that a mapper writes.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.narrowing import is_found_otherwise
from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, findings_with, viewed
from backend_analyzers.facts.schema import place_of
from backend_analyzers.rule import Confidence, Finding, Fix, Related, Severity, workspace_rule
from backend_analyzers.rules.database import written_anew
from backend_analyzers.sql.families import family, family_of
from backend_analyzers.sql.rewrites.plain_number import whole
from backend_analyzers.sql.rewrites.view import Edit
from backend_analyzers.sql.schema import Index, Schema, SchemaColumn, Table
from backend_analyzers.sql.statement import Operand, Predicate
from backend_analyzers.workspace import Workspace

_OPERATORS = frozenset({"=", "<", "<=", ">", ">=", "between", "in"})
_WIDER = {
    "whole number": frozenset({"decimal number", "float"}),
    "decimal number": frozenset({"float"}),
    "fixed text": frozenset({"text"}),
}
"""The kinds to which a column of a kind is converted; a constant is converted to its column's where it can be."""


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def implicit_cast_on_index(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _converted)


def _converted(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        if one.in_migration or one.query.approximate or not one.known:
            continue
        for predicate in one.statement.predicates:
            asks = predicate.conjunct and predicate.clause in {"where", "join"}
            if asks and predicate.operator in _OPERATORS and predicate.right is not None:
                yield from _of_predicate(one, predicate, standing)


def _of_predicate(one: Resolved, predicate: Predicate, standing: Grounds) -> Iterator[Finding]:
    for side, other in _pairs(predicate):
        if side.column is None:
            continue
        found = one.columns(side.column)
        kinds = [
            _wider(one, known.schema, *pair, other)
            for known, pair in zip(one.known, found, strict=False)
        ]
        if not found or not all(kinds) or len(kinds) != len(one.known):
            continue
        if any(is_found_otherwise(one, predicate, side.column.scope, table) for table, _ in found):
            continue
        indexes = [_index(table, column) for table, column in found]
        index = indexes[0]
        if index is None or None in indexes:
            continue
        column = found[0][1]
        shown = one.source(side.column.name_start, side.column.name_end).strip('"`')
        yield Finding(
            at=one.query.place(predicate.start, predicate.end),
            message=(
                f"`{shown}` is converted from `{column.type}` in every row, since it is compared with a {kinds[0]}"
            ),
            help=f"Compare with a value of the type of `{shown}`.",
            related=(
                Related(place_of(index.origin, index.start, index.end), "this index is not used"),
            ),
            fixes=_fixes(one, predicate, standing),
        )
        return


def _pairs(predicate: Predicate) -> Iterator[tuple[Operand, Operand]]:
    right = predicate.right
    if right is None:
        return
    for other in right.arguments if right.kind == "list" else (right,):
        yield predicate.left, other
        yield other, predicate.left


def _wider(
    one: Resolved, schema: Schema, table: Table, column: SchemaColumn, other: Operand
) -> str:
    """The kind that the column is converted to; empty when it stays what it is."""
    kind = family(column.type, schema)
    if one.statement.dialect == "mysql" or table.dialect == "mysql":
        number = family_of(other, schema) == "whole number"
        return "number" if number and kind in {"text", "fixed text"} else ""
    if one.statement.dialect != "postgresql" or table.dialect != "postgresql":
        return ""
    theirs = family_of(other, schema)
    if other.column is not None:
        found = [pair for pair in one.columns(other.column) if pair[0].dialect == "postgresql"]
        if not found or any(_index(*pair) for pair in found):
            return ""
        theirs = family(found[0][1].type, schema)
    return theirs if theirs in _WIDER.get(kind, frozenset()) else ""


def _index(table: Table, column: SchemaColumn) -> Index | None:
    if table.kind != "table" or not table.known:
        return None
    return next(
        (
            index
            for index in table.indexes
            if index.columns[:1] == (column.name,) and index.method == "btree" and not index.where
        ),
        None,
    )


def _fixes(one: Resolved, predicate: Predicate, standing: Grounds) -> tuple[Fix, ...]:
    subject = viewed(one, standing)
    text = whole(subject, predicate) if subject is not None else None
    if subject is None or text is None:
        return ()
    edit = Edit(predicate.start, predicate.end, text)
    rewrites = subject.rewrite("Compare with a whole number", edit)
    return tuple(fix for rewrite in rewrites for fix in written_anew(one, standing, rewrite))

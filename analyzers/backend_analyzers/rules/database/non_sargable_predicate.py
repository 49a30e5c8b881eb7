"""A condition that wraps an indexed column, so that the index cannot be used.

An index holds the column's values in order, not those of `date(column)` or `column + 1`: to find them
the database computes the expression for every row of the table.

## Example

In `migrations/0001_orders.sql`:

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamp NOT NULL);
CREATE INDEX orders_placed_at ON orders (placed_at);
-- <~ this index
```

In `sales.py`:

```python
import psycopg

def sales(connection: psycopg.Connection) -> int:
    query = "SELECT count(*) FROM orders WHERE placed_at::date = '2024-05-17'"
    #                                          ^^^^^^^^^^^^^^^ `placed_at::date` keeps the index on `placed_at` from being used
    return connection.execute(query).fetchone()[0]
```

Fixed, `sales.py`:

```python
import psycopg

def sales(connection: psycopg.Connection) -> int:
    query = "SELECT count(*) FROM orders WHERE placed_at >= '2024-05-17' AND placed_at < '2024-05-18'"
    return connection.execute(query).fetchone()[0]
```

## Not reported

Columns that no index starts with, for then nothing is lost; columns with an index on an expression of
them; casts that change nothing, such as `varchar` to `text`; conditions below OR; and queries that find
their rows by another index already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.narrowing import is_found_otherwise
from backend_analyzers.facts.resolved import Resolved
from backend_analyzers.facts.rewriting import Grounds, findings_with, viewed
from backend_analyzers.facts.schema import place_of
from backend_analyzers.rule import (
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    workspace_rule,
)
from backend_analyzers.rules.database import written_anew
from backend_analyzers.sql.rewrites.sargable import alone
from backend_analyzers.sql.rewrites.view import Edit
from backend_analyzers.sql.schema import Index, SchemaColumn, Table
from backend_analyzers.sql.statement import ColumnRef, Operand, Predicate
from backend_analyzers.sql.types import normalised_type
from backend_analyzers.workspace import Workspace

_FUNCTIONS = frozenset(
    {
        *("lower", "upper", "trim", "btrim", "ltrim", "rtrim", "substring", "substr", "left"),
        *("date", "date_trunc", "date_part", "extract", "to_char", "timezone", "strftime"),
        *("year", "month", "day", "hour", "datetime", "unix_timestamp", "date_format", "julianday"),
        *("coalesce", "ifnull", "nullif", "abs", "round", "floor", "ceil", "concat", "to_date"),
    }
)
_ARITHMETIC = frozenset({"+", "-", "*", "/", "||"})
_OPERATORS = frozenset({"=", "<", "<=", ">", ">=", "between", "in"})
_DEEPEST = 8
_TEXTS = ("text", "character varying")


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def non_sargable_predicate(workspace: Workspace) -> Iterator[Finding]:
    yield from findings_with(workspace, _wrapped)


def _wrapped(statements: tuple[Resolved, ...], standing: Grounds) -> Iterator[Finding]:
    for one in statements:
        if one.in_migration or not one.statement.predicates:
            continue
        for predicate in one.statement.predicates:
            column = _wrapped_column(predicate)
            if column is not None:
                yield from _judged(one, predicate, column, standing)


def _wrapped_column(predicate: Predicate) -> ColumnRef | None:
    """The one column of a condition that compares an expression over it with a fixed value."""
    if not predicate.conjunct or predicate.clause not in {"where", "join"}:
        return None
    left, right = predicate.left, predicate.right
    if predicate.operator not in _OPERATORS or right is None or not right.fixed:
        return None
    if predicate.upper is not None and not predicate.upper.fixed:
        return None
    return left.columns[0] if len(left.columns) == 1 and _wraps(left) else None


def _wraps(operand: Operand, depth: int = 0) -> bool:
    """Whether an expression is one of those that can be undone, or that an index can hold."""
    if depth > _DEEPEST:
        return False
    match operand.kind:
        case "column":
            return depth > 0
        case "function":
            if operand.name not in _FUNCTIONS:
                return False
        case "arithmetic":
            if operand.name not in _ARITHMETIC:
                return False
        case "cast":
            pass
        case _:
            return False
    inner = [argument for argument in operand.arguments if argument.columns]
    return len(inner) == 1 and _wraps(inner[0], depth + 1)


def _judged(
    one: Resolved, predicate: Predicate, ref: ColumnRef, standing: Grounds
) -> Iterator[Finding]:
    found = one.columns(ref)
    if not found:
        return
    indexes = [_useless(table, column) for table, column in found]
    if None in indexes or any(_is_same(predicate.left, column) for _, column in found):
        return
    if any(is_found_otherwise(one, predicate, ref.scope, table) for table, _ in found):
        return
    index = indexes[0]
    if index is not None:
        yield _finding(one, predicate, ref, index, standing)


def _useless(table: Table, column: SchemaColumn) -> Index | None:
    """The index on the column, if nothing indexes an expression of it."""
    if table.kind != "table" or not table.known:
        return None
    if any(key.column is None and column.name in key.text for i in table.indexes for key in i.keys):
        return None
    return next(
        (
            index
            for index in table.indexes
            if index.columns[:1] == (column.name,) and index.method == "btree" and not index.where
        ),
        None,
    )


def _is_same(operand: Operand, column: SchemaColumn) -> bool:
    """Whether a cast leaves the values as they are, so that the index serves nevertheless."""
    if not operand.arguments or operand.arguments[0].column is None:
        return False
    if operand.kind != "cast":
        return operand.name == "date" == column.type
    target = normalised_type(operand.name)
    stored = column.type if "(" in target else _without_size(column.type)
    return target == stored or (target.startswith(_TEXTS) and stored.startswith(_TEXTS))


def _without_size(type_: str) -> str:
    return re.sub(r"\(\d+(?:,\s*\d+)?\)", "", type_)


def _finding(
    one: Resolved, predicate: Predicate, ref: ColumnRef, index: Index, standing: Grounds
) -> Finding:
    left = predicate.left
    shown = " ".join(one.text_of(left).split())
    name = one.source(ref.name_start, ref.name_end).strip('"`')
    where = place_of(index.origin, index.start, index.end)
    return Finding(
        at=one.query.place(left.start, left.end),
        message=f"`{shown}` keeps the index on `{name}` from being used",
        help=f"Compare `{name}` itself, or index the expression.",
        related=(Related(where, "this index"),),
        fixes=_rewritten(one, predicate, standing),
        evidence={"condition": one.source(predicate.start, predicate.end)},
    )


def _rewritten(one: Resolved, predicate: Predicate, standing: Grounds) -> tuple[Fix, ...]:
    subject = viewed(one, standing)
    text = alone(subject, predicate) if subject is not None else None
    if subject is None or text is None:
        return ()
    rewrites = subject.rewrite(
        "Compare the column itself", Edit(predicate.start, predicate.end, text)
    )
    return tuple(fix for rewrite in rewrites for fix in written_anew(one, standing, rewrite))

"""Safe sequences: statements that do in steps, and without keeping others waiting, what one does at once.

Each step runs in a transaction of its own.  None where there is no sequence that is surely the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from backend_analyzers.sql.ddl import (
    AddConstraint,
    AlterColumn,
    Constraint,
    CreateIndex,
    Ddl,
    TableName,
)
from backend_analyzers.sql.names import quoted

_INDEX = re.compile(r"(\s*create\s+(?:unique\s+)?index)\b(?!\s+concurrently\b)", re.IGNORECASE)
_REINDEX = re.compile(
    r"(\s*reindex\s+(?:\([^)]*\)\s*)?(?:table|index))\b(?!\s+concurrently\b)", re.IGNORECASE
)
_LONGEST_NAME = 63


class Steps(NamedTuple):
    """Statements to run one by one, and what takes them back where a tool wants to know."""

    do: tuple[str, ...]
    undo: tuple[str, ...] = ()


def concurrent_index(sql: str, actions: tuple[Ddl, ...]) -> Steps | None:
    """The same index, built concurrently."""
    is_index = len(actions) == 1 and isinstance(actions[0], CreateIndex)
    match = _INDEX.match(sql) if is_index else _REINDEX.match(sql)
    if match is None:
        return None
    return Steps((f"{match[1]} CONCURRENTLY{sql[match.end() :]}",))


def constraint_in_steps(sql: str, actions: tuple[Ddl, ...]) -> Steps | None:
    """The same constraint: added at once and validated later, or with an index that is built before."""
    if len(actions) != 1 or not isinstance(actions[0], AddConstraint):
        return None
    action = actions[0]
    match action.constraint.kind:
        case "foreign key" | "check":
            return _validated_later(sql, action)
        case "unique" | "primary key":
            return _with_index(action)
        case _:
            return None


def _validated_later(sql: str, action: AddConstraint) -> Steps:
    written = sql.encode(errors="replace")
    constraint = action.constraint
    name = constraint.name or _name(action.table, constraint)
    given = b"" if constraint.name else f"CONSTRAINT {quoted(name)} ".encode()
    start, end = constraint.start, len(written.rstrip())
    added = written[:start] + given + written[start:end] + b" NOT VALID"
    table = _path(action.table)
    return Steps(
        (
            added.decode(errors="replace"),
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(name)}",
        ),
        (f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}",),
    )


def _with_index(action: AddConstraint) -> Steps | None:
    constraint = action.constraint
    if not constraint.columns:
        return None
    name = constraint.name or _name(action.table, constraint)
    columns = ", ".join(quoted(column) for column in constraint.columns)
    table = _path(action.table)
    kind = constraint.kind.upper()
    return Steps(
        (
            f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(name)} ON {table} ({columns})",
            f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {kind} USING INDEX {quoted(name)}",
        ),
        (f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}",),
    )


def not_null_in_steps(actions: tuple[Ddl, ...]) -> Steps | None:
    """NOT NULL, by way of a CHECK that says it."""
    if len(actions) != 1 or not isinstance(actions[0], AlterColumn):
        return None
    action = actions[0]
    if action.nullable is not False or action.type is not None:
        return None
    table, column = _path(action.table), quoted(action.column)
    name = quoted(f"{action.table.name}_{action.column}_not_null"[:_LONGEST_NAME])
    return Steps(
        (
            f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",
            f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        ),
        (f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",),
    )


_SUFFIX = {"foreign key": "fkey", "check": "check", "unique": "key", "primary key": "pkey"}


def _name(table: TableName, constraint: Constraint) -> str:
    """What PostgreSQL would call it."""
    columns = () if constraint.kind == "primary key" else constraint.columns
    return "_".join((table.name, *columns, _SUFFIX[constraint.kind]))[:_LONGEST_NAME]


def _path(table: TableName) -> str:
    name = quoted(table.name)
    return f"{quoted(table.schema)}.{name}" if table.schema else name

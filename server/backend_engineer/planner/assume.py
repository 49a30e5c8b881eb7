"""What a migration takes for granted: tables and columns that nothing declares, made up to run it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

_RELATION = re.compile(r'relation "([^"]+)" does not exist')
_TABLE = re.compile(r'(?:table|materialized view) "([^"]+)" does not exist')
_COLUMN_OF = re.compile(r'column "([^"]+)" of relation "([^"]+)" does not exist')
_COLUMN_IN_KEY = re.compile(r'column "([^"]+)" (?:named in key|referenced in foreign key)')
_COLUMN = re.compile(r'column "?([^" ]+)"? does not exist')
_NO_KEY = re.compile(r'no unique constraint matching given keys for referenced table "([^"]+)"')
_NO_PRIMARY = re.compile(r'there is no primary key for referenced table "([^"]+)"')
_CONSTRAINT = re.compile(r'constraint "([^"]+)" (?:of relation "([^"]+)" )?does not exist')
_INDEX = re.compile(r'index "([^"]+)" does not exist')
_TYPE = re.compile(r'type "([^"]+)" does not exist')
_SCHEMA = re.compile(r'schema "([^"]+)" does not exist')
_REFERENCES = re.compile(r"references\s+([\w.\"]+)\s*(?:\(\s*([\w\s,\"]+)\))?", re.IGNORECASE)
_ALTERED = re.compile(
    r"(?:alter\s+table|update|delete\s+from|insert\s+into|\bon)\s+(?:if\s+exists\s+)?(?:only\s+)?([\w.\"]+)",
    re.IGNORECASE,
)
_TYPES = (
    (re.compile(r"(?:^|_)(?:id|count|number|no|qty|quantity|size|position)\Z"), "bigint"),
    (re.compile(r"(?:_at|_on|time|timestamp)\Z"), "timestamptz"),
    (re.compile(r"(?:^|_)date\Z"), "date"),
    (re.compile(r"^(?:is|has|can)_|(?:^|_)(?:active|enabled|deleted|flag)\Z"), "boolean"),
    (re.compile(r"(?:price|amount|total|balance|cost)\Z"), "numeric"),
)


def assume(connection: Connection, error: str, statement: str) -> str:
    """Make what a statement misses, and say what it is; "" when that is not known to help."""
    for pattern, make in _WAYS:
        match = pattern.search(error)
        if match is not None:
            try:
                return make(connection, match, statement)
            except psycopg.Error:
                return ""
    return ""


def _table(connection: Connection, match: re.Match[str], statement: str) -> str:
    name = match[1]
    if re.search(rf"index\s+(?:if\s+exists\s+|concurrently\s+)*\"?{re.escape(name)}\b", statement):
        return _index(connection, match, statement)
    _execute(connection, "CREATE TABLE {} (assumed_id bigint)", name)
    return f"table {name} exists, with rows"


def _column_of(connection: Connection, match: re.Match[str], _: str) -> str:
    return _add_column(connection, match[2], match[1])


def _column(connection: Connection, match: re.Match[str], statement: str) -> str:
    """Only the column is named: it belongs to the table that is altered, or to the one referred to."""
    name = match[1].rpartition(".")[2]
    referred = _REFERENCES.search(statement)
    if referred is not None and referred[2] is not None and name in referred[2]:
        return _add_column(connection, _bare(referred[1]), name)
    altered = _ALTERED.search(statement)
    return _add_column(connection, _bare(altered[1]), name) if altered is not None else ""


def _add_column(connection: Connection, table: str, name: str) -> str:
    kind = next((kind for pattern, kind in _TYPES if pattern.search(name)), "text")
    _execute(connection, f"ALTER TABLE {{}} ADD COLUMN {{}} {kind}", table, name)
    return f"{table} has a column {name} {kind}"


def _key(connection: Connection, match: re.Match[str], statement: str) -> str:
    table = match[1]
    referred = _REFERENCES.search(statement)
    named = referred[2] if referred is not None else None
    columns = [_bare(column.strip()) for column in (named or "assumed_id").split(",")]
    primary = "UNIQUE" if named else "PRIMARY KEY"
    blanks = ", ".join("{}" for _ in columns)
    _execute(connection, f"ALTER TABLE {{}} ADD {primary} ({blanks})", table, *columns)
    return f"{table} has a key ({', '.join(columns)})"


def _constraint(connection: Connection, match: re.Match[str], statement: str) -> str:
    table = match[2] or _bare(altered[1] if (altered := _ALTERED.search(statement)) else "")
    if not table:
        return ""
    _execute(connection, "ALTER TABLE {} ADD CONSTRAINT {} CHECK (true) NOT VALID", table, match[1])
    return f"{table} has a constraint {match[1]}"


def _index(connection: Connection, match: re.Match[str], _: str) -> str:
    name = match[1].rpartition(".")[2]
    table = f"table_of_{name}"
    _execute(connection, "CREATE TABLE {} (assumed_id bigint)", table)
    _execute(connection, "CREATE INDEX {} ON {} (assumed_id)", name, table)
    return f"an index {name} exists, on a table with rows"


def _type(connection: Connection, match: re.Match[str], _: str) -> str:
    _execute(connection, "CREATE TYPE {} AS ENUM ('assumed')", match[1])
    return f"type {match[1]} is an enum"


def _schema(connection: Connection, match: re.Match[str], _: str) -> str:
    _execute(connection, "CREATE SCHEMA {}", match[1])
    return f"schema {match[1]} exists"


def _execute(connection: Connection, statement: str, *names: str) -> None:
    identifiers = [sql.Identifier(*name.split(".")) for name in names]
    connection.execute(sql.SQL(statement).format(*identifiers))


def _bare(name: str) -> str:
    return name.replace('"', "")


_Way = Callable[[Connection, re.Match[str], str], str]
_WAYS: tuple[tuple[re.Pattern[str], _Way], ...] = (
    (_COLUMN_OF, _column_of),
    (_COLUMN_IN_KEY, _column),
    (_NO_KEY, _key),
    (_NO_PRIMARY, _key),
    (_CONSTRAINT, _constraint),
    (_SCHEMA, _schema),
    (_INDEX, _index),
    (_RELATION, _table),
    (_TABLE, _table),
    (_TYPE, _type),
    (_COLUMN, _column),
)

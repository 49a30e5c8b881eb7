"""What a migration takes for granted: tables and columns that nothing declares, made up to run it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

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
_NAME = r"(?:\"[^\"]+\"|[\w$]+)"
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


class Assumption(NamedTuple):
    """What was made up: of which table, which column of it if one, and that in words."""

    table: str
    column: str
    text: str
    is_table: bool = False
    """Whether it is the table itself."""


def assume(connection: Connection, error: str, statement: str) -> Assumption | None:
    """Make what a statement misses, and say what it is; None when that is not known to help."""
    for pattern, make in _WAYS:
        match = pattern.search(error)
        if match is not None:
            try:
                return make(connection, match, statement)
            except psycopg.Error:
                return None
    return None


def _table(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    name = match[1]
    if re.search(rf"index\s+(?:if\s+exists\s+|concurrently\s+)*\"?{re.escape(name)}\b", statement):
        return _index(connection, match, statement)
    _execute(connection, "CREATE TABLE {} (assumed_id bigint)", name)
    said = _said(connection, name)
    return Assumption(said, "", f"table {name} exists, with rows", is_table=True)


def _column_of(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    return _add_column(connection, _written(match[2], statement), match[1], statement)


def _column(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    """Only the column is named: it belongs to the table that is altered, or to the one referred to."""
    name = match[1].rpartition(".")[2]
    for referred in _REFERENCES.finditer(statement):
        if referred[2] is not None and name in _names(referred[2]):
            return _add_column(connection, _bare(referred[1]), name, "")
    altered = _ALTERED.search(statement)
    return _add_column(connection, _bare(altered[1]), name, statement) if altered else None


def _add_column(connection: Connection, table: str, name: str, statement: str) -> Assumption | None:
    kind = _type_by_use(name, statement) or next(
        (kind for pattern, kind in _TYPES if pattern.search(name)), "text"
    )
    _execute(connection, f"ALTER TABLE {{}} ADD COLUMN {{}} {kind}", table, name)
    return Assumption(_said(connection, table), name, f"{table} has a column {name} {kind}")


def _type_by_use(name: str, statement: str) -> str:
    """The type of a column by what it is compared with, or how it is combined; "" when unclear."""
    column = rf"\"?\b{re.escape(name)}\b\"?"
    if re.search(
        rf"{column}\s*(?:=|<>|!=|<=?|>=?|(?:not\s+)?in\s*\()\s*-?\d", statement, re.IGNORECASE
    ):
        return "bigint"
    then = r"\s*(?:\)|\Z|and\b|or\b|then\b)"
    alone = (
        rf"\b(?:not|where|and|or|when)\s+{column}{then}|\(\s*{column}\s*(?:and|or)\b"
        rf"|{column}\s*(?:=|is(?:\s+not)?)\s*(?:true|false)\b"
    )
    return "boolean" if re.search(alone, statement, re.IGNORECASE) else ""


def _compared(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    """A column that was made up has another type than the statement takes it for."""
    altered = _ALTERED.search(statement)
    if altered is None:
        return None
    table = _bare(altered[1])
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
        "AND NOT attisdropped AND atttypid = 'text'::regtype",
        (_quoted(table),),
    ).fetchall()
    for (name,) in rows:
        kind = _type_by_use(name, statement)
        if kind and (kind == "bigint") == (match[0] in {"integer", "bigint"}):
            change = f"ALTER TABLE {{}} ALTER COLUMN {{}} TYPE {kind} USING NULL"
            _execute(connection, change, table, name)
            return Assumption(_said(connection, table), name, f"{table}.{name} is {kind}")
    return None


def _key(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    table = _written(match[1], statement)
    columns: tuple[str, ...] = ("assumed_id",)
    named = False
    for referred in _REFERENCES.finditer(statement):
        if _bare(referred[1]).rpartition(".")[2] == match[1]:
            table = _bare(referred[1])
            if referred[2] is not None and not _has_key(connection, table, _names(referred[2])):
                columns, named = _names(referred[2]), True
                break
    primary = "UNIQUE" if named else "PRIMARY KEY"
    blanks = ", ".join("{}" for _ in columns)
    _execute(connection, f"ALTER TABLE {{}} ADD {primary} ({blanks})", table, *columns)
    text = f"{table} has a key ({', '.join(columns)})"
    return Assumption(_said(connection, table), "", text)


def _has_key(connection: Connection, table: str, columns: tuple[str, ...]) -> bool:
    row = connection.execute(
        "SELECT 1 FROM pg_index i WHERE indrelid = to_regclass(%s) AND indisunique AND (SELECT "
        "array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = i.indrelid AND "
        "attnum = ANY (i.indkey)) = %s",
        (_quoted(table), sorted(columns)),
    ).fetchone()
    return row is not None


def _constraint(connection: Connection, match: re.Match[str], statement: str) -> Assumption | None:
    altered = _ALTERED.search(statement)
    table = _bare(altered[1]) if altered else ""
    if not table:
        return None
    _execute(connection, "ALTER TABLE {} ADD CONSTRAINT {} CHECK (true) NOT VALID", table, match[1])
    text = f"{table} has a constraint {match[1]}"
    return Assumption(_said(connection, table), "", text)


def _index(connection: Connection, match: re.Match[str], _: str) -> Assumption | None:
    name = match[1].rpartition(".")[2]
    space = match[1].rpartition(".")[0]
    table = f"{space}.table_of_{name}" if space else f"table_of_{name}"
    _execute(connection, "CREATE TABLE {} (assumed_id bigint)", table)
    _execute(connection, "CREATE INDEX {} ON {} (assumed_id)", name, table)
    text = f"an index {name} exists, on a table with rows"
    return Assumption(_said(connection, table), "", text, is_table=True)


def _type(connection: Connection, match: re.Match[str], _: str) -> Assumption | None:
    _execute(connection, "CREATE TYPE {} AS ENUM ('assumed')", match[1])
    return Assumption("", "", f"type {match[1]} is an enum")


def _schema(connection: Connection, match: re.Match[str], _: str) -> Assumption | None:
    _execute(connection, "CREATE SCHEMA {}", match[1])
    return Assumption("", "", f"schema {match[1]} exists")


def _execute(connection: Connection, statement: str, *names: str) -> None:
    identifiers = [sql.Identifier(*name.split(".")) for name in names]
    connection.execute(sql.SQL(statement).format(*identifiers))


def _written(name: str, statement: str) -> str:
    """A table that an error names alone, as the statement names it, with its schema if it has one."""
    found = re.search(rf"({_NAME}\.)\"?{re.escape(name)}\"?(?![\w.])", statement)
    return _bare(found[1]) + name if found is not None else name


def _said(connection: Connection, name: str) -> str:
    """A table as PostgreSQL names it."""
    row = connection.execute("SELECT to_regclass(%s)::text", (_quoted(name),)).fetchone()
    return row[0] if row is not None and row[0] is not None else name


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _names(listed: str) -> tuple[str, ...]:
    return tuple(_bare(name.strip()) for name in listed.split(","))


def _bare(name: str) -> str:
    return name.replace('"', "")


_Way = Callable[[Connection, re.Match[str], str], Assumption | None]
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
    (re.compile(r"(?<=text <> )integer|(?<=text = )integer|(?<=text [<>] )integer"), _compared),
    (re.compile(r"(?<=must be type )boolean(?=, not type text)"), _compared),
)

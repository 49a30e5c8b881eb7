"""What the catalogue of a small database says that rows must keep: types, keys, and checks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]
Row = dict[str, str | None]


class Column(NamedTuple):
    """A column as the catalogue knows it; `made` says that only the database may fill it."""

    name: str
    type: str
    required: bool
    made: bool
    defaults: bool


class Key(NamedTuple):
    """A foreign key."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


class Tables(NamedTuple):
    """The tables that rows can be made up for, by name."""

    columns: dict[str, list[Column]]
    unique: dict[str, list[tuple[str, ...]]]
    keys: dict[str, list[Key]]
    labels: dict[str, list[str]]
    """The values of enums, by type."""
    schemas: dict[str, str]
    checked: dict[tuple[str, str], frozenset[str]]
    """The literals that the checks of a table compare a column with."""
    checks: dict[tuple[str, str], list[str]]
    """The conditions that are about one column alone."""

    def insert(self, table: str, rows: Iterable[Row]) -> str:
        """The statement that adds rows; duplicates of unique keys are left out."""
        columns = [column for column in self.columns[table] if not column.made]
        names = ", ".join(_identifier(column.name) for column in columns)
        values = ", ".join(
            f"({', '.join(_value(row, column) for column in columns)})" for row in rows
        )
        target = f"{_identifier(self.schemas[table])}.{_identifier(table)}"
        into = f"INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE"
        return f"{into} VALUES {values} ON CONFLICT DO NOTHING"


def read_tables(connection: Connection) -> Tables:
    """The tables of a database with their constraints."""
    columns: dict[str, list[Column]] = {}
    schemas: dict[str, str] = {}
    for schema, table, *column in connection.execute(_COLUMNS).fetchall():
        if schemas.setdefault(table, schema) == schema:
            columns.setdefault(table, []).append(Column(*column))
    unique: dict[str, list[tuple[str, ...]]] = {}
    for table, names in connection.execute(_UNIQUE).fetchall():
        unique.setdefault(table, []).append(tuple(names))
    keys: dict[str, list[Key]] = {}
    for table, own, target, its in connection.execute(_KEYS).fetchall():
        keys.setdefault(table, []).append(Key(tuple(own), target, tuple(its)))
    labels: dict[str, list[str]] = {}
    for name, label in connection.execute(_LABELS).fetchall():
        labels.setdefault(name, []).append(label)
    return Tables(columns, unique, keys, labels, schemas, *_checked(connection))


def permitted(
    connection: Connection, tables: Tables, table: str, column: Column, values: list[str]
) -> list[str]:
    """The values that the checks of a column let through."""
    conditions = tables.checks.get((table, column.name))
    if not conditions or not values:
        return values
    rows = ", ".join(f"({_literal(value, column.type)})" for value in values)
    name = _identifier(column.name)
    where = " AND ".join(f"({condition}) IS NOT FALSE" for condition in conditions)
    query = f"SELECT {name}::text FROM (VALUES {rows}) AS given ({name}) WHERE {where}"  # noqa: S608
    try:
        return [value for (value,) in connection.execute(query.encode()).fetchall()]
    except psycopg.Error:
        return values


def _checked(
    connection: Connection,
) -> tuple[dict[tuple[str, str], frozenset[str]], dict[tuple[str, str], list[str]]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    alone: dict[tuple[str, str], list[str]] = {}
    for table, names, text in connection.execute(_CHECKS).fetchall():
        condition = _CONDITION.match(text)
        if names and len(names) == 1 and condition is not None:
            name = _identifier(names[0])
            bare = re.sub(r"\bVALUE\b", lambda _, name=name: name, condition[1])
            alone.setdefault((table, names[0]), []).append(bare)
        literals = frozenset(
            (string or number).replace("''", "'") for string, number in _LITERAL.findall(text)
        )
        for name in names or ():
            key = table, name
            found[key] = found.get(key, frozenset()) | literals
    return found, alone


def _value(row: Row, column: Column) -> str:
    if column.defaults and column.name not in row:
        return "DEFAULT"
    return _literal(row.get(column.name), column.type)


def _literal(value: str | None, kind: str) -> str:
    return "NULL" if value is None else f"{quoted(value)}::{kind}"


def quoted(value: str) -> str:
    """A text as SQL."""
    escaped = value.replace("'", "''")
    prefix = "E" if "\\" in escaped else ""
    return f"{prefix}'{escaped.replace(chr(92), chr(92) * 2)}'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_CONDITION = re.compile(
    r"CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?(?: NOT ENFORCED)?\Z", re.DOTALL
)
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.\"])(-?\d+(?:\.\d+)?)\b")
_USER = r"n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'"
_COLUMNS = f"""
SELECT n.nspname, c.relname, a.attname,
  CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
    ELSE format_type(a.atttypid, a.atttypmod) END,
  a.attnotnull OR t.typnotnull, a.attgenerated <> '', a.atthasdef OR a.attidentity <> ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND {_USER} ORDER BY n.nspname <> 'public', 1, 2, a.attnum
"""  # noqa: S608 - a condition of ours
_UNIQUE = f"""
SELECT c.relname, (SELECT array_agg(a.attname::text ORDER BY k.place)
  FROM unnest(i.indkey::int[]) WITH ORDINALITY k(number, place)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.place <= i.indnkeyatts)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND {_USER}
"""  # noqa: S608
_KEYS = f"""
SELECT c.relname,
  (SELECT array_agg(a.attname::text ORDER BY place) FROM unnest(k.conkey) WITH ORDINALITY u(number, place)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
  r.relname,
  (SELECT array_agg(a.attname::text ORDER BY place) FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND {_USER}
"""  # noqa: S608
_CHECKS = f"""
SELECT c.relname, (SELECT array_agg(a.attname::text) FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey)), pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c' AND {_USER}
UNION ALL
SELECT c.relname, ARRAY[a.attname::text], pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_attribute a ON a.atttypid = k.contypid
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c' AND k.contypid <> 0 AND c.relkind IN ('r', 'p') AND {_USER}
"""  # noqa: S608
_LABELS = """
SELECT format_type(t.oid, NULL), e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
ORDER BY 1, e.enumsortorder
"""

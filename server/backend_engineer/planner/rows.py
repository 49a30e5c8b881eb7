"""Made-up rows that keep the constraints of a schema and are close to what queries ask for."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from backend_engineer.planner.shape import Shape, number

Connection = psycopg.Connection[tuple[Any, ...]]
Row = dict[str, str | None]

_TRIES = 6
_TEXTS = ("a", "b", "", "A", "a ")
_UUIDS = tuple(f"00000000-0000-0000-0000-00000000000{n}" for n in range(3))
_FIXED = {
    "boolean": ("true", "false"),
    "json": ("{}", '{"a": 1}'),
    "jsonb": ("{}", '{"a": 1}', '{"a": "1"}', "[]"),
    "uuid": _UUIDS,
    "inet": ("127.0.0.1", "10.0.0.1"),
    "bytea": ("\\x", "\\x61"),
    "interval": ("1 day", "0", "25 hours"),
}
_INTEGERS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**62}
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a value for columns of every kind of time
_OIDS = {
    16: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    25: "text",
    700: "real",
    701: "double precision",
    1042: "character",
    1043: "character varying",
    1082: "date",
    1114: "timestamp without time zone",
    1184: "timestamp with time zone",
    1700: "numeric",
    2950: "uuid",
    3802: "jsonb",
    114: "json",
    1186: "interval",
}


class Column(NamedTuple):
    """A column as the catalogue knows it; `made` says that the database fills it."""

    name: str
    type: str
    required: bool
    made: bool


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

    def insert(self, table: str, rows: Iterable[Row]) -> str:
        """The statement that adds rows; duplicates of unique keys are left out."""
        columns = [column for column in self.columns[table] if not column.made]
        names = ", ".join(_identifier(column.name) for column in columns)
        values = ", ".join(
            f"({', '.join(_literal(row.get(c.name), c.type) for c in columns)})" for row in rows
        )
        target = f"{_identifier(self.schemas[table])}.{_identifier(table)}"
        return f"INSERT INTO {target} ({names}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608


def read_tables(connection: Connection) -> Tables:
    """The tables of a database with their constraints."""
    columns: dict[str, list[Column]] = {}
    schemas: dict[str, str] = {}
    for schema, table, *column in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(table, []).append(Column(*column))
        schemas.setdefault(table, schema)
    unique: dict[str, list[tuple[str, ...]]] = {}
    for table, names in connection.execute(_UNIQUE).fetchall():
        unique.setdefault(table, []).append(tuple(names))
    keys: dict[str, list[Key]] = {}
    for table, own, target, its in connection.execute(_KEYS).fetchall():
        keys.setdefault(table, []).append(Key(tuple(own), target, tuple(its)))
    labels: dict[str, list[str]] = {}
    for name, label in connection.execute(_LABELS).fetchall():
        labels.setdefault(name, []).append(label)
    return Tables(columns, unique, keys, labels, schemas)


class Rows:
    """Makes up the rows of the tables that some queries read, other ones each time.

    `unknown` are the tables that the database does not have.
    """

    def __init__(self, tables: Tables, shapes: Iterable[Shape], seed: int) -> None:
        self._tables = tables
        self._random = random.Random(seed)  # noqa: S311 - the same rows for the same seed
        shapes = tuple(shapes)
        names = frozenset().union(*(shape.tables for shape in shapes))
        self._literals: dict[str, set[str]] = {}
        for shape in shapes:
            for column, values in shape.literals.items():
                self._literals.setdefault(column, set()).update(values)
        self._size = max((size for shape in shapes for size in shape.sizes), default=0)
        known = {table.lower(): table for table in tables.columns}
        asked = [known[name] for name in sorted(names) if name in known]
        self.unknown = [] if asked else sorted(names)
        self._order = list(self._parents_first(asked))

    def next(self) -> dict[str, list[Row]]:
        """Rows for each table, parents before their children."""
        chance = self._random
        nulls = chance.choice((0.0, 0.15, 0.3, 0.5))
        small = chance.random() < 0.7  # noqa: PLR2004 - mostly few values, so that rows meet
        crowded = self._size > 2 and chance.random() < 0.4  # noqa: PLR2004
        made: dict[str, list[Row]] = {}
        for table in self._order:
            made[table] = []
            count = (
                chance.randint(self._size, self._size + 5)
                if crowded
                else chance.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 7))
            )
            pools = {c.name: self._pool(c, small=small) for c in self._tables.columns[table]}
            clones = chance.random() < 0.35  # noqa: PLR2004
            for _ in range(count):
                row = self._row(table, made, pools, nulls, clones=clones)
                if row is not None:
                    made[table].append(row)
        return made

    def parameters(self, types: Iterable[int]) -> list[str | None]:
        """Values for parameters of these types, near to what the tables hold."""
        found: list[str | None] = []
        for oid in types:
            kind = _OIDS.get(oid, "text")
            pool = self._pool(Column("", kind, required=False, made=False), small=True)
            found.append(
                None
                if self._random.random() < 0.05 or not pool  # noqa: PLR2004
                else self._random.choice(pool)
            )
        return found

    def _row(
        self,
        table: str,
        made: dict[str, list[Row]],
        pools: dict[str, list[str]],
        nulls: float,
        *,
        clones: bool,
    ) -> Row | None:
        chance = self._random
        columns = [column for column in self._tables.columns[table] if not column.made]
        for _ in range(_TRIES):
            row: Row = {}
            if clones and made[table] and chance.random() < 0.6:  # noqa: PLR2004
                row = dict(chance.choice(made[table]))
            for column in columns:
                if column.name in row and chance.random() < 0.75:  # noqa: PLR2004
                    continue
                pool = pools[column.name]
                empty = not pool or (not column.required and chance.random() < nulls)
                row[column.name] = None if empty else chance.choice(pool)
            if self._refer(table, row, made, nulls) and self._fits(table, row, made[table]):
                return row
        return None

    def _refer(self, table: str, row: Row, made: dict[str, list[Row]], nulls: float) -> bool:
        """Make the foreign keys point to rows that are there; whether that is possible."""
        required = {column.name for column in self._tables.columns[table] if column.required}
        for key in self._tables.keys.get(table, ()):
            pool = made.get(key.table, [])
            free = not required.issuperset(key.columns)
            if pool and not (free and self._random.random() < nulls):
                parent = self._random.choice(pool)
                for own, its in zip(key.columns, key.target, strict=True):
                    row[own] = parent.get(its)
            elif free:
                row.update((own, None) for own in key.columns if own not in required)
            elif key.table == table:
                for own, its in zip(key.columns, key.target, strict=True):
                    row[own] = row.get(its)
            else:
                return False
        return True

    def _fits(self, table: str, row: Row, others: list[Row]) -> bool:
        columns = self._tables.columns[table]
        if any(c.required and not c.made and row.get(c.name) is None for c in columns):
            return False
        for key in self._tables.unique.get(table, ()):
            values = [row.get(name) for name in key]
            if None not in values and any(values == [o.get(n) for n in key] for o in others):
                return False
        return True

    def _pool(self, column: Column, *, small: bool) -> list[str]:
        kind = column.type
        if kind in self._tables.labels:
            return self._tables.labels[kind]
        base = kind.partition("(")[0]
        if base in _FIXED:
            return list(_FIXED[base])
        own = self._literals.get(column.name.lower(), set())
        near = own if small and column.name else own | self._literals.get("", set())
        if base in _INTEGERS:
            return [str(n) for n in _integers(near) if abs(n) <= _INTEGERS[base]]
        if base in {"numeric", "real", "double precision", "money"}:
            values = {0, 1, 2} | {
                v for t in near if (n := number(t)) is not None for v in (n - 1, n, n + 1)
            }
            return [str(v) for v in values if _fits_precision(v, kind)]
        if base == "date" or base.startswith("timestamp"):
            return list(_times(near, is_date=base == "date"))
        if base.endswith("[]"):
            return ["{}", "{1}", "{1,2}"]
        if base in {"text", "character varying", "character", "citext", '"char"', "name"}:
            return list(_texts(near, kind))
        return []

    def _parents_first(self, asked: list[str]) -> Iterator[str]:
        seen: set[str] = set()
        waiting = list(asked)
        for table in waiting:  # grows while it is walked
            waiting += [
                key.table
                for key in self._tables.keys.get(table, ())
                if key.table in self._tables.columns and key.table not in waiting
            ]

        def visit(table: str) -> Iterator[str]:
            if table in seen:
                return
            seen.add(table)
            for key in self._tables.keys.get(table, ()):
                if key.table in waiting:
                    yield from visit(key.table)
            yield table

        for table in waiting:
            yield from visit(table)


def _integers(near: Iterable[str]) -> set[int]:
    values = {0, 1, 2, 3}
    for text in near:
        value = number(text)
        if value is not None and abs(value) < 2**62:
            values |= {int(value) - 1, int(value), int(value) + 1}
    return values


def _fits_precision(value: Any, kind: str) -> bool:
    limit = re.search(r"\((\d+),(\d+)\)", kind)
    return limit is None or abs(value) < 10 ** (int(limit[1]) - int(limit[2]))


def _times(near: Iterable[str], *, is_date: bool) -> Iterator[str]:
    bases = {_EPOCH}
    for text in near:
        try:
            bases.add(datetime.fromisoformat(text.strip()).replace(tzinfo=None))
        except ValueError:
            if re.fullmatch(r"[12]\d{3}", text):
                bases.add(datetime(int(text), 1, 1))  # noqa: DTZ001
    steps = (timedelta(0), timedelta(days=1), timedelta(days=-1), timedelta(days=31))
    more = () if is_date else (timedelta(hours=13), timedelta(seconds=-1))
    for base in sorted(bases):
        for step in (*steps, *more):
            moved = base + step
            yield date.isoformat(moved.date()) if is_date else moved.isoformat(" ")


def _texts(near: Iterable[str], kind: str) -> Iterator[str]:
    limit = re.search(r"\((\d+)\)", kind)
    longest = int(limit[1]) if limit is not None else 100
    values = {*_TEXTS, "1", "0"}
    for text in near:
        bare = text.replace("%", "").replace("_", "x")
        values |= {bare, bare.upper(), text.strip("%")}
        if "%" in text:
            values.add(f"z{bare}z")
    yield from (value for value in sorted(values) if len(value) <= longest)


def _literal(value: str | None, kind: str) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("'", "''")
    prefix = "E" if "\\" in escaped else ""
    return f"{prefix}'{escaped.replace(chr(92), chr(92) * 2)}'::{kind}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_USER = r"n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'"
_COLUMNS = f"""
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  a.attgenerated <> '' OR a.attidentity = 'a'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
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
_LABELS = """
SELECT format_type(t.oid, NULL), e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
ORDER BY 1, e.enumsortorder
"""

"""Functional dependencies among the columns of a real table, from counts over a sample of its rows.

Only when a person asks for it, in a transaction that can only read, with limits of time.  What is sent
are SELECTs of `count`: no value leaves the database.  A dependency that holds in a sample is evidence and
no proof, and is said to be that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from backend_analyzers.sql.dependencies import Dependency, minimal_cover
from backend_analyzers.workspace import Profiled
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.real import Address, reading

log = logging.getLogger("backend_engineer.planner")

Connection = psycopg.Connection[tuple[Any, ...]]

_SECONDS = 10
"""For one statement."""

ROWS = 20_000
"""Rows that are looked at in each table, about."""

_FEWEST_ROWS = 200
_FEWEST_VALUES = 5
_REPEATS = 3.0
"""How many rows have a value of a column, on average, before it is asked what depends on it."""
_MOST_COLUMNS = 40
_AT_ONCE = 60
"""Counts in one statement; each of them sorts the sample."""

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL)
FROM pg_attribute a
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_KEYS = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL
"""
_SIZE = "SELECT reltuples, relkind::text FROM pg_class WHERE oid = to_regclass(%s)"
_COMPARABLE = frozenset(
    {
        *(
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "text",
            "character varying",
            "character",
            "uuid",
        ),
        *(
            "citext",
            "inet",
            "date",
            "timestamp without time zone",
            "timestamp with time zone",
            "boolean",
        ),
    }
)
_DETERMINES = _COMPARABLE - {
    *("date", "timestamp without time zone", "timestamp with time zone", "boolean", "numeric")
}
"""A time or an amount determines other columns by chance at most."""


class _Sample(NamedTuple):
    """A table as it is looked at: its name as SQL, the part of it that is read, and how."""

    table: sql.Composable
    part: sql.Composable


def profile_database(variable: str, tables: Iterable[str]) -> tuple[Profiled, ...]:
    """The dependencies in some tables of the database that an environment variable names.

    Raises `Unavailable`.
    """
    address = Address(variable)
    if address.dialect != "postgresql":
        raise Unavailable(
            f"only PostgreSQL is profiled; `{variable}` is the URL of another database"
        )
    with reading(address, seconds=_SECONDS) as connection:
        return tuple(profile(connection, tables))


def profile(connection: Connection, tables: Iterable[str]) -> Iterator[Profiled]:
    """The dependencies in some tables (`public.orders`), of one column on another, none that follow.

    A table that cannot be read, or takes too long, is left out.  The connection is in a transaction.
    """
    for table in tables:
        connection.execute("SAVEPOINT profile")
        try:
            found = tuple(_of_table(connection, table))
        except psycopg.Error as error:
            connection.execute("ROLLBACK TO SAVEPOINT profile")
            log.info("%s is not profiled: %s", table, type(error).__name__)
            continue
        connection.execute("RELEASE SAVEPOINT profile")
        yield from found


def _of_table(connection: Connection, table: str) -> Iterator[Profiled]:
    schema, _, name = table.partition(".")
    path = sql.Identifier(schema, name)
    quoted = path.as_string(connection)
    row = connection.execute(_SIZE, (quoted,)).fetchone()
    if row is None or row[1] not in {"r", "m", "p"}:
        return
    kinds: dict[str, str] = dict(connection.execute(_COLUMNS, (quoted,)).fetchall())
    columns = [name for name, kind in kinds.items() if kind in _COMPARABLE][:_MOST_COLUMNS]
    keys = {key for (key,) in connection.execute(_KEYS, (quoted,)).fetchall()}
    if len(columns) < 2:  # noqa: PLR2004 - one to depend on another
        return
    sample = _Sample(path, _part(float(row[0])))
    counts = _counts(connection, sample, [(name,) for name in columns])
    total = counts.pop(())
    if total < _FEWEST_ROWS:
        return
    repeated = [
        one
        for one in columns
        if one not in keys
        and kinds[one] in _DETERMINES
        and counts[one,] >= _FEWEST_VALUES
        and total / counts[one,] >= _REPEATS
    ]
    pairs: list[tuple[str, ...]] = [
        (one, other)
        for one in repeated
        for other in columns
        if other != one and other not in keys and _FEWEST_VALUES <= counts[other,] <= counts[one,]
    ]
    together = _counts(connection, sample, pairs)
    held = [Dependency(p[:1], p[1:]) for p in pairs if together[p] == counts[p[:1]]]
    for one in minimal_cover(held):
        yield Profiled(table, one.left, one.right, total)


def _part(rows: float) -> sql.Composable:
    """Enough pages for the sample, the same ones in each statement."""
    if rows <= ROWS * 2:
        return sql.SQL("")
    percent = sql.Literal(max(0.001, min(100.0, ROWS * 100 / rows)))
    return sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(percent)


def _counts(
    connection: Connection, sample: _Sample, groups: list[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """How many different values some columns have together; under () how many rows there are."""
    found: dict[tuple[str, ...], int] = {}
    for start in range(0, len(groups), _AT_ONCE):
        some = groups[start : start + _AT_ONCE]
        asked = [
            sql.SQL("count(DISTINCT ROW({}))").format(
                sql.SQL(", ").join(map(sql.Identifier, names))
            )
            for names in some
        ]
        columns = sorted({name for names in some for name in names})
        inner = sql.SQL("SELECT {} FROM {}{} LIMIT {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sample.table,
            sample.part,
            sql.Literal(ROWS * 2),
        )
        query = sql.SQL("SELECT count(*), {} FROM ({}) AS sample").format(
            sql.SQL(", ").join(asked), inner
        )
        row = connection.execute(query).fetchone()
        assert row is not None
        found[()] = row[0]
        found.update(zip(some, row[1:], strict=True))
    return found

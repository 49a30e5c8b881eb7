"""Whether two queries give the same rows: proved by their plans, or tried out on small tables.

The tables hold few rows that keep every constraint, with values from the queries themselves, their
neighbours, NULLs and duplicates.  Most wrong rewrites differ within ten rounds.
"""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import ExecStatus

from backend_analyzers.oracle import Compare, Compared, Failed, Script
from backend_engineer.planner.cluster import limited
from backend_engineer.planner.databases import database
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.identical import have_one_plan
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.rows import Rows, Tables, read_tables
from backend_engineer.planner.shape import Shape, shape_of

Connection = psycopg.Connection[tuple[Any, ...]]

ROUNDS = 200
SECONDS = 6.0
_LEAST_ROWS = 5
"""Rounds in which the queries gave something; with fewer nothing was seen."""
_STATEMENT_SECONDS = 2.0
_NUMBERS = frozenset({20, 21, 23, 26, 700, 701, 1700})
"""The types whose values may be written in several ways."""
_SHOWN = 4


class _Result(NamedTuple):
    rows: list[tuple[Any, ...]]
    columns: int
    error: str


def compare(planner: Planner, question: Compare) -> Compared | Failed:
    """Compare two queries on a schema."""
    if question.script.dialect != "postgresql":
        return Failed(f"queries of {question.script.dialect} are not compared")
    return compare_texts(planner, question.script, question.one, question.other)


def compare_texts(
    planner: Planner,
    script: Script,
    one: str,
    other: str,
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    seed: int = 0,
) -> Compared:
    """Compare two texts on the tables of a script."""
    made = database(planner.cluster, script, purpose="_rows", seconds=planner.seconds)
    first, second = shape_of(one), shape_of(other)
    if first is None or second is None:
        return Compared("inconclusive", "one of the queries could not be read")
    if first.is_random or second.is_random:
        return Compared("inconclusive", "the queries give other rows each time they are run")
    if first.order and first.order != second.order:
        return Compared("refuted", "the rows would come in another order")
    if first.limit == second.limit:
        # The same part of the same rows in the same order: what is cut off can be left away.
        first, second = first.without_limit(), second.without_limit()
    with made.connect() as connection:
        connection.execute(f"SET statement_timeout = {int(_STATEMENT_SECONDS * 1000)}")
        try:
            if have_one_plan(connection, first.text, second.text):
                return Compared("proved", "PostgreSQL plans both in exactly the same way")
        except NotPlanned as error:
            return Compared("inconclusive", f"one of the queries does not run: {error}")
        with limited(made.cluster, connection.info.backend_pid, seconds + 5):
            return _tried(connection, first, second, rounds, seconds, seed)


def _tried(
    connection: Connection,
    one: Shape,
    other: Shape,
    rounds: int,
    seconds: float,
    seed: int,
) -> Compared:
    tables = read_tables(connection)
    rows = Rows(tables, (one, other), seed)
    if rows.unknown:
        return Compared("inconclusive", f"no rows can be made up for {', '.join(rows.unknown)}")
    until = time.monotonic() + seconds
    seen = done = 0
    for _ in range(rounds):
        if time.monotonic() > until:
            break
        try:
            connection.execute("BEGIN")
            filled = _fill(connection, tables, rows)
            values = rows.parameters(_types(connection, one.text))
            results = _run(connection, one, values), _run(connection, other, values)
            connection.execute("ROLLBACK")
        except psycopg.Error as error:
            return Compared("inconclusive", f"the comparison failed: {error}")
        first, second = results
        if first.error or second.error:
            if bool(first.error) != bool(second.error):
                return _refuted(filled, first, second, done)
            continue
        done += 1
        seen += bool(first.rows or second.rows)
        if first.columns != second.columns or Counter(first.rows) != Counter(second.rows):
            return _refuted(filled, first, second, done)
    if seen < _LEAST_ROWS:
        return Compared("inconclusive", f"in {done} tries the queries gave no rows", done)
    return Compared("agreed", f"the same rows on {done} small databases made for this", done)


def _fill(
    connection: Connection, tables: Tables, rows: Rows
) -> dict[str, list[dict[str, str | None]]]:
    """Put made-up rows into the tables; those that break a constraint are left out."""
    made = rows.next()
    for table, several in made.items():
        if not several:
            continue
        statement = tables.insert(table, several)
        connection.execute("SAVEPOINT filling")
        try:
            connection.execute(statement.encode())
        except psycopg.Error:
            connection.execute("ROLLBACK TO filling")
            for row in several:
                connection.execute("SAVEPOINT filling")
                try:
                    connection.execute(tables.insert(table, [row]).encode())
                except psycopg.Error:
                    connection.execute("ROLLBACK TO filling")
    return made


def _types(connection: Connection, text: str) -> list[int]:
    server = connection.pgconn
    if server.prepare(b"", text.encode()).status != ExecStatus.COMMAND_OK:
        return []
    described = server.describe_prepared(b"")
    return [described.param_type(number) for number in range(described.nparams)]


def _run(connection: Connection, shape: Shape, values: list[str | None]) -> _Result:
    connection.execute("SAVEPOINT asking")
    given = [value.encode() if value is not None else None for value in values]
    used = given[: shape.parameters]
    result = connection.pgconn.exec_params(shape.text.encode(), used)
    if result.status != ExecStatus.TUPLES_OK:
        error = result.error_message.decode(errors="replace").split("\n")[0]
        connection.execute("ROLLBACK TO asking")
        return _Result([], 0, error or "it gives no rows")
    types = [result.ftype(column) for column in range(result.nfields)]
    rows = [
        tuple(
            _normal(result.get_value(row, column), types[column])
            for column in range(result.nfields)
        )
        for row in range(result.ntuples)
    ]
    return _Result(rows, result.nfields, "")


def _normal(value: bytes | None, kind: int) -> Any:
    if value is None:
        return None
    text = value.decode(errors="replace")
    if kind in _NUMBERS:
        try:
            return round(Decimal(text), 6).normalize() + 0
        except InvalidOperation:
            return text
    return text


def _refuted(
    filled: dict[str, list[dict[str, str | None]]], one: _Result, other: _Result, rounds: int
) -> Compared:
    held = "; ".join(
        f"{table} {_shown([tuple(row.values()) for row in rows])}" for table, rows in filled.items()
    )
    results = " and ".join(result.error or _shown(result.rows) for result in (one, other))
    return Compared("refuted", f"with {held}: {results}", rounds)


def _shown(rows: list[tuple[Any, ...]]) -> str:
    shown = ", ".join(
        f"({', '.join('NULL' if v is None else str(v) for v in row)})" for row in rows[:_SHOWN]
    )
    return f"[{shown}{', …' if len(rows) > _SHOWN else ''}]"

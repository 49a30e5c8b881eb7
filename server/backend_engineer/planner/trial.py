"""Two queries run on the same small tables, each time in a transaction that is rolled back."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from backend_engineer.planner.rows import Rows
from backend_engineer.planner.shape import Shape
from backend_engineer.planner.tables import Row, Tables

Connection = psycopg.Connection[tuple[Any, ...]]

_NUMBERS = frozenset({20, 21, 23, 26, 700, 701, 1700})
"""The types whose values may be written in several ways."""
_ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


class Result(NamedTuple):
    """What a query gave, or why it gave nothing."""

    rows: list[tuple[Any, ...]]
    columns: int
    error: str


class Trial:
    """Runs two queries again and again on one connection."""

    def __init__(self, connection: Connection, tables: Tables, shapes: tuple[Shape, Shape]) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._tables = tables
        self._zone = ""
        self._types: list[int] = []
        self._counts = [shape.parameters for shape in shapes]
        # Constants are read in the time zone of that moment, so each zone has statements of its own.
        for zone in _ZONES:
            self._server.exec_(f"SET timezone = '{zone}'".encode())
            for number, shape in enumerate(shapes):
                self._prepare(_name(zone, number), shape.text)

    def _prepare(self, name: bytes, text: str) -> None:
        prepared = self._server.prepare(name, text.encode())
        if prepared.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(_first_line(prepared))
        if len(self._types) < max(self._counts):
            described = self._server.describe_prepared(name)
            types = [described.param_type(place) for place in range(described.nparams)]
            self._types += types[len(self._types) :]

    def run(self, made: dict[str, list[Row]], rows: Rows, number: int) -> tuple[Result, Result]:
        """Both results on some rows."""
        try:
            self._zone = _ZONES[number % len(_ZONES)]
            self._fill(made, self._zone)
            values = rows.parameters(self._types)
            return self._ask(0, values), self._ask(1, values)
        finally:
            self._server.exec_(b"ROLLBACK")

    def _fill(self, made: dict[str, list[Row]], zone: str) -> None:
        """Put rows into the tables; those that break a constraint are left out."""
        begin = f"BEGIN; SET LOCAL timezone = '{zone}'; SAVEPOINT filling"
        inserts = [self._tables.insert(table, rows) for table, rows in made.items() if rows]
        if self._done("; ".join((begin, *inserts, "SAVEPOINT asking"))):
            return
        self._server.exec_(b"ROLLBACK")
        self._done(f"BEGIN; SET LOCAL timezone = '{zone}'")
        for table, several in made.items():
            for row in several:
                insert = self._tables.insert(table, [row])
                if not self._done(f"SAVEPOINT filling; {insert}; RELEASE filling"):
                    self._done("ROLLBACK TO filling; RELEASE filling")
        self._done("SAVEPOINT asking")

    def _done(self, statements: str) -> bool:
        return self._server.exec_(statements.encode()).status == ExecStatus.COMMAND_OK

    def _ask(self, number: int, values: list[str | None]) -> Result:
        given = [value.encode() if value is not None else None for value in values]
        used = given[: self._counts[number]]
        result = self._server.exec_prepared(_name(self._zone, number), used)  # type: ignore[arg-type]
        if result.status != ExecStatus.TUPLES_OK:
            self._done("ROLLBACK TO asking")
            return Result([], 0, _first_line(result) or "it gives no rows")
        types = [result.ftype(column) for column in range(result.nfields)]
        rows = [
            tuple(
                _normal(result.get_value(row, column), types[column])
                for column in range(result.nfields)
            )
            for row in range(result.ntuples)
        ]
        return Result(rows, result.nfields, "")


def _name(zone: str, number: int) -> bytes:
    return f"{zone}_{number}".encode()


def _first_line(result: PGresult) -> str:
    return result.error_message.decode(errors="replace").split("\n")[0]


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

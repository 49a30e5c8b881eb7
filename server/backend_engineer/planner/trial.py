"""Two queries run on the same small tables, each time in a transaction that is rolled back."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from backend_engineer.planner.rows import Rows
from backend_engineer.planner.shape import Shape
from backend_engineer.planner.tables import Row, Tables, quoted

Connection = psycopg.Connection[tuple[Any, ...]]

_NUMBERS = frozenset({20, 21, 23, 26, 700, 701, 1700})
"""The types whose values may be written in several ways."""
_ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


class Result(NamedTuple):
    """What a query gave, or why it gave nothing."""

    rows: list[tuple[Any, ...]]
    columns: int
    error: str


class Round(NamedTuple):
    """The rows of the tables, the values of the parameters, and the time zone."""

    made: dict[str, list[Row]]
    values: list[str | None]
    zone: str


class Trial:
    """Runs two queries again and again on one connection."""

    def __init__(self, connection: Connection, tables: Tables, shapes: tuple[Shape, Shape]) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._tables = tables
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

    def draw(self, rows: Rows, number: int) -> Round:
        """Rows and values to run the queries with."""
        made = rows.next()
        return Round(made, rows.parameters(self._types), _ZONES[number % len(_ZONES)])

    def run(self, rounds: list[Round]) -> list[tuple[Result, Result]]:
        """Both results of each round."""
        at_once = self._at_once(rounds)
        return at_once if at_once is not None else [self._one(drawn) for drawn in rounds]

    def _at_once(self, rounds: list[Round]) -> list[tuple[Result, Result]] | None:
        """Everything in one message, as waiting is what takes the time; None when a part of it failed."""
        self._server.nonblocking = 0
        self._server.send_query("; ".join(map(self._statements, rounds)).encode())
        results: list[Result] = []
        failed = False
        while (result := self._server.get_result()) is not None:
            if result.status == ExecStatus.TUPLES_OK:
                results.append(_rows_of(result))
            failed = failed or result.status == ExecStatus.FATAL_ERROR
        if failed or len(results) != 2 * len(rounds):
            self._server.exec_(b"ROLLBACK")
            return None
        return list(zip(results[::2], results[1::2], strict=True))

    def _statements(self, drawn: Round) -> str:
        inserts = [self._tables.insert(table, rows) for table, rows in drawn.made.items() if rows]
        asked = [self._execute(drawn, number) for number in range(len(self._counts))]
        return "; ".join(
            ("BEGIN", f"SET LOCAL timezone = '{drawn.zone}'", *inserts, *asked, "ROLLBACK")
        )

    def _one(self, drawn: Round) -> tuple[Result, Result]:
        try:
            self._fill(drawn.made, drawn.zone)
            return self._ask(drawn, 0), self._ask(drawn, 1)
        finally:
            self._server.exec_(b"ROLLBACK")

    def _execute(self, drawn: Round, number: int) -> str:
        used = drawn.values[: self._counts[number]]
        given = ", ".join("NULL" if value is None else quoted(value) for value in used)
        name = _name(drawn.zone, number).decode()
        return f'EXECUTE "{name}"({given})' if used else f'EXECUTE "{name}"'

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

    def _ask(self, drawn: Round, number: int) -> Result:
        given = [value.encode() if value is not None else None for value in drawn.values]
        used = given[: self._counts[number]]
        result = self._server.exec_prepared(_name(drawn.zone, number), used)  # type: ignore[arg-type]
        if result.status != ExecStatus.TUPLES_OK:
            self._done("ROLLBACK TO asking")
            return Result([], 0, _first_line(result) or "it gives no rows")
        return _rows_of(result)


def _rows_of(result: PGresult) -> Result:
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

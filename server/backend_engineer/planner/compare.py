"""Whether two queries give the same rows: proved by their plans, or tried out on small tables.

The tables hold few rows that keep every constraint, with values from the queries themselves, their
neighbours, NULLs and duplicates.  Most wrong rewrites differ within ten rounds.
"""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import Any, NamedTuple

import psycopg

from backend_analyzers.oracle import Compare, Compared, Failed, Script
from backend_engineer.planner.canonical import canonical
from backend_engineer.planner.cluster import limited
from backend_engineer.planner.databases import database
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.identical import have_one_plan
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.rows import Rows
from backend_engineer.planner.shape import Shape, shape_of
from backend_engineer.planner.tables import Row, Tables, permitted, read_tables
from backend_engineer.planner.trial import Result, Trial

Connection = psycopg.Connection[tuple[Any, ...]]

ROUNDS = 200
SECONDS = 6.0
_GUARDING = 25
"""Rounds that two queries with the same canonical form must stand as well."""
_LEAST_ROWS = 5
"""Rounds in which the queries gave something; with fewer nothing was seen."""
_LEAST_OTHERS = 3
"""Rounds in which they gave something other than what they give most often."""
_STATEMENT_SECONDS = 2.0
_FIRST = 6
_TOGETHER = 16
"""Rounds that are sent to the server in one message."""
_SHOWN = 4


class _Seen(NamedTuple):
    """How many rounds there were, in how many of them there were rows, and how many went otherwise."""

    rounds: int
    with_rows: int
    otherwise: int
    difference: str = ""

    @property
    def says_something(self) -> bool:
        """Whether queries that differ would likely have been seen to."""
        return self.with_rows >= _LEAST_ROWS and self.otherwise >= _LEAST_OTHERS


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
    proofs: bool = True,
) -> Compared:
    """Compare two texts on the tables of a script; without `proofs` only by trying them out."""
    made = database(planner.cluster, script, purpose="_rows", seconds=planner.seconds)
    first, second = shape_of(one), shape_of(other)
    if first is None or second is None:
        return Compared("inconclusive", "one of the queries could not be read")
    if first.is_random or second.is_random:
        return Compared("inconclusive", "the queries give other rows each time they are run")
    if first.order and not second.order:
        return Compared("refuted", "the rows would come in no order")
    in_order = bool(first.order) and first.order != second.order
    if first.limit == second.limit and not in_order:
        # The same part of the same rows in the same order: what is cut off can be left away.
        first, second = first.without_limit(), second.without_limit()
    with made.connect() as connection:
        connection.execute(f"SET statement_timeout = {int(_STATEMENT_SECONDS * 1000)}")
        try:
            if have_one_plan(connection, first.text, second.text) and proofs:
                return Compared("proved", "PostgreSQL plans both in exactly the same way")
        except NotPlanned as error:
            return Compared("inconclusive", f"one of the queries does not run: {error}")
        tables = read_tables(connection)
        form = canonical(first.text, tables) if proofs and not in_order else None
        is_one_form = form is not None and form == canonical(second.text, tables)
        if is_one_form:
            rounds = min(rounds, _GUARDING)
        with limited(made.cluster, connection.info.backend_pid, seconds + 5):
            try:
                seen = _tried(connection, tables, (first, second), rounds, seconds, seed, in_order)
            except psycopg.Error as error:
                return Compared("inconclusive", f"the comparison failed: {error}")
    return _judged(seen, is_one_form, loose=first.is_loose or second.is_loose)


def _judged(seen: _Seen | str, is_one_form: bool, *, loose: bool) -> Compared:
    if isinstance(seen, str):
        return Compared("inconclusive", seen)
    if seen.difference and loose:
        return Compared("inconclusive", "a value depends on the order in which rows are read")
    if seen.difference:
        return Compared("refuted", seen.difference, seen.rounds)
    if is_one_form:
        return Compared("proved", "both are one query, written in two ways", seen.rounds)
    if not seen.with_rows:
        return Compared(
            "inconclusive", f"in {seen.rounds} tries the queries gave no rows", seen.rounds
        )
    if not seen.says_something:
        reason = f"in {seen.rounds} tries the queries gave too little to tell them apart by"
        return Compared("inconclusive", reason, seen.rounds)
    reason = f"the same rows on {seen.rounds} small databases made for this"
    return Compared("agreed", reason, seen.rounds)


def _tried(
    connection: Connection,
    tables: Tables,
    shapes: tuple[Shape, Shape],
    rounds: int,
    seconds: float,
    seed: int,
    in_order: bool,
) -> _Seen | str:
    """What was seen on small tables, or why nothing can be."""
    rows = Rows(tables, shapes, seed, partial(permitted, connection, tables))
    if rows.unknown:
        return f"no rows can be made up for {', '.join(rows.unknown)}"
    until = time.monotonic() + seconds
    trial = Trial(connection, tables, shapes)
    done = with_rows = 0
    answers: Counter[int] = Counter()
    drawn = 0
    while done < rounds and time.monotonic() < until:
        # Most differences show at once, so the first rounds are few.
        size = min(_FIRST if drawn < _FIRST else _TOGETHER, rounds - done)
        several = [trial.draw(rows, drawn + place) for place in range(size)]
        drawn += size
        for one, (first, second) in zip(several, trial.run(several), strict=True):
            if first.error and second.error:
                rounds -= 1
                continue
            done += 1
            if first.error or second.error or not _agree(first, second, in_order):
                return _Seen(done, with_rows, 0, _difference(one.made, first, second))
            with_rows += bool(first.rows)
            answers[hash(tuple(first.rows))] += 1
    most = answers.most_common(1)[0][1] if answers else 0
    return _Seen(done, with_rows, done - most)


def _agree(one: Result, other: Result, in_order: bool) -> bool:
    if one.columns != other.columns or len(one.rows) != len(other.rows):
        return False
    return one.rows == other.rows or (not in_order and Counter(one.rows) == Counter(other.rows))


def _difference(made: dict[str, list[Row]], one: Result, other: Result) -> str:
    held = "; ".join(
        f"{table} {_shown([tuple(row.values()) for row in rows])}" for table, rows in made.items()
    )
    results = " and ".join(result.error or _shown(result.rows) for result in (one, other))
    return f"with {held}: {results}"


def _shown(rows: list[tuple[Any, ...]]) -> str:
    shown = ", ".join(
        f"({', '.join('NULL' if v is None else str(v) for v in row)})" for row in rows[:_SHOWN]
    )
    return f"[{shown}{', …' if len(rows) > _SHOWN else ''}]"

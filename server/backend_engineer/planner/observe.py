"""What each statement of a migration does to the tables that are there: seen, not guessed.

Each runs in a transaction on empty tables; then the locks that it holds, the tables that have another
file (rewritten) and those that it read through (scanned) are the same as they would be with rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from backend_analyzers.oracle import Effect, Lock, Observed, Replay, Replayed, Step
from backend_engineer.planner.assume import assume
from backend_engineer.planner.cluster import Cluster, limited
from backend_engineer.planner.databases import PREFIX, Database, create_empty, load, run
from backend_engineer.planner.databases import without_rows as emptied

Connection = psycopg.Connection[tuple[Any, ...]]

LOCKS: tuple[Lock, ...] = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)

_ALONE = re.compile(
    r"\s*(?:vacuum\b|reindex\s+(?:\([^)]*\)\s*)?(?:database|system)\b|create\s+database\b|drop\s+database\b"
    r"|alter\s+system\b|.*\bconcurrently\b)",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL = re.compile(
    r"\s*(?:begin|commit|end|start\s+transaction|rollback|abort|savepoint|release)\b",
    re.IGNORECASE,
)
_TRIES = 12


class _Table(NamedTuple):
    name: str
    file: int
    scans: int


def replay(cluster: Cluster, question: Replay, *, seconds: float = 5.0) -> Replayed:
    """Run migrations in order in a database of their own, and watch those that are to be watched."""
    name = f"{PREFIX}replay"
    with cluster.connect() as connection:
        create_empty(connection, name)
    made = Database(cluster, name)
    found = tuple(
        tuple(_watched(made, step, seconds)) if step.watched else _passed(made, step, seconds)
        for step in question.steps
    )
    with cluster.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
    return Replayed(found)


def _passed(made: Database, step: Step, seconds: float) -> tuple[Observed, ...]:
    statements = tuple(s for s in step.statements if not _CONTROL.match(s))
    for _ in load(made, statements, seconds=seconds):
        pass  # what does not run here leaves a table less, which is assumed when it is asked for
    return ()


def _watched(made: Database, step: Step, seconds: float) -> Iterator[Observed]:
    connection = made.connect()
    connection.execute(f"SET statement_timeout = {int(seconds * 900)}")
    connection.execute("SET check_function_bodies = off")
    try:
        before = _tables(connection)
        for statement in step.statements:
            if connection.closed:
                connection = made.connect()
            if _CONTROL.match(statement):
                yield Observed()
            elif _ALONE.match(statement):
                yield _alone(made, connection, statement, seconds)
            else:
                yield _observed(made, connection, statement, before, seconds)
    finally:
        connection.close()


def _alone(made: Database, connection: Connection, statement: str, seconds: float) -> Observed:
    """What cannot run in a transaction holds no lock that could be looked at."""
    assumed: list[str] = []
    error = ""
    for _ in range(_TRIES):
        error = run(made.cluster, connection, statement, seconds)
        made_up = assume(connection, error, statement) if error else ""
        if not made_up:
            break
        assumed.append(made_up)
    return Observed(error=error, assumed=tuple(assumed))


def _observed(
    made: Database,
    connection: Connection,
    statement: str,
    before: dict[int, _Table],
    seconds: float,
) -> Observed:
    assumed: list[str] = []
    error = ""
    for _ in range(_TRIES):
        now = {oid: before[oid] for oid in before}
        try:
            connection.execute("BEGIN")
            now = {oid: table for oid, table in _tables(connection).items() if oid in before}
            with limited(made.cluster, connection.info.backend_pid, seconds):
                connection.execute(emptied(statement).encode(), prepare=False)
            effects = tuple(_effects(connection, now))
            connection.execute("COMMIT")
            return Observed(effects, assumed=tuple(assumed))
        except psycopg.Error as failed:
            error = (failed.diag.message_primary or str(failed)).split("\n")[0]
            if connection.closed:
                return Observed(error=error, assumed=tuple(assumed))
            connection.execute("ROLLBACK")
        known = set(_tables(connection))
        made_up = assume(connection, error, statement)
        if not made_up:
            break
        assumed.append(made_up)
        before.update({o: t for o, t in _tables(connection).items() if o not in known})
    return Observed(error=error, assumed=tuple(assumed))


def _tables(connection: Connection) -> dict[int, _Table]:
    rows = connection.execute(
        "SELECT c.oid::int, c.oid::regclass::text, c.relfilenode::int, "
        "coalesce(pg_stat_get_xact_numscans(c.oid), 0)::int FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
        "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    ).fetchall()
    return {oid: _Table(*rest) for oid, *rest in rows}


def _effects(connection: Connection, before: dict[int, _Table]) -> Iterator[Effect]:
    """What is true of each table now that was not before, while the transaction is open."""
    held: dict[int, Lock] = {}
    for oid, mode in connection.execute(
        "SELECT relation::int, mode FROM pg_locks "
        "WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"
    ).fetchall():
        if oid in before and (oid not in held or LOCKS.index(mode) > LOCKS.index(held[oid])):
            held[oid] = mode
    now = _tables(connection)
    for oid, mode in sorted(held.items(), key=lambda item: (-LOCKS.index(item[1]), item[0])):
        was, after = before[oid], now.get(oid)
        scans = after is not None and after.scans > was.scans
        rewrites = after is not None and after.file != was.file
        if mode != "AccessShareLock" or scans:
            yield Effect(was.name, mode, rewrites, scans, after is None)

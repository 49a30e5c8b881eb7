"""What each statement of a migration does to the tables that are there: seen, not guessed.

Each runs in a transaction on empty tables; then the locks that it holds, the tables that have another
file (rewritten) and those that it read through (scanned) are the same as they would be with rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import psycopg
from msgspec.structs import replace

from backend_analyzers.oracle import Effect, Lock, Observed, Replay, Replayed, Script, Step
from backend_engineer.planner.assume import assume
from backend_engineer.planner.cluster import Cluster, limited
from backend_engineer.planner.databases import (
    PREFIX,
    Database,
    copy,
    create_empty,
    database,
    extend,
    load,
    run,
)
from backend_engineer.planner.outside import documented, runs_alone
from backend_engineer.planner.statements import without_rows as emptied

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

_CONTROL = re.compile(
    r"\s*(?:begin|commit|end|start\s+transaction|rollback|abort|savepoint|release)\b",
    re.IGNORECASE,
)
_CREATES = re.compile(
    r"\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?([\w.\"]+)", re.IGNORECASE
)
_EMPTIES = re.compile(r"\s*truncate\b", re.IGNORECASE)
_BEFORE = re.compile(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_TRIES = 12


class _Table(NamedTuple):
    name: str
    file: int
    scans: int


def replay(cluster: Cluster, question: Replay, *, seconds: float = 5.0) -> Replayed:
    """Run migrations in order in a database of their own, and watch those that are to be watched.

    What those before lead to is kept as a database of its own, and copied: whoever edits the newest
    migration does not wait for the history again.
    """
    steps = [_bare(step) for step in question.steps]
    past = tuple(takewhile(lambda step: not step.watched, steps))
    name = f"{PREFIX}replay"
    with cluster.connect() as connection:
        _copy(cluster, connection, name, past, seconds)
    made = Database(cluster, name)
    found = tuple(
        tuple(_watched(made, step, seconds)) if step.watched else _passed(made, step, seconds)
        for step in steps[len(past) :]
    )
    with cluster.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
    return Replayed((*(() for _ in past), *found))


def _bare(step: Step) -> Step:
    """A step without comments before its statements; one that only leads up, without transactions."""
    statements = (_BEFORE.sub("", statement, count=1) for statement in step.statements)
    kept = tuple(s for s in statements if step.watched or (s and not _CONTROL.match(s)))
    return replace(step, statements=kept)


def _copy(
    cluster: Cluster, connection: Connection, name: str, past: tuple[Step, ...], seconds: float
) -> None:
    """A database like the one that some steps lead to."""
    statements = tuple(s for step in past for s in step.statements)
    if not statements:
        create_empty(connection, name)
        return
    origin = database(cluster, Script(statements), purpose="_past", seconds=seconds)
    copy(connection, name, origin.name)


def _passed(made: Database, step: Step, seconds: float) -> tuple[Observed, ...]:
    for _ in load(made, step.statements, seconds=seconds):
        pass  # what does not run here leaves a table less, which is assumed when it is asked for
    return ()


def _watched(made: Database, step: Step, seconds: float) -> Iterator[Observed]:
    connection = _ready(made, seconds)
    try:
        before = _tables(connection)
        fresh: set[str] = set()
        for statement in step.statements:
            if connection.closed:
                connection = _ready(made, seconds)
            if _CONTROL.match(statement):
                yield Observed()
            elif (extended := extend(made, statement)) is not None:
                yield Observed(error=extended)
            else:
                seen = _observed(made, connection, statement, before, fresh, seconds)
                if seen.error and (created := _CREATES.match(statement)) is not None:
                    fresh.add(created[1].replace('"', "").removeprefix("public."))
                yield seen
    finally:
        connection.close()


def _ready(made: Database, seconds: float) -> Connection:
    connection = made.connect()
    connection.execute(f"SET statement_timeout = {int(seconds * 900)}")
    connection.execute("SET check_function_bodies = off")
    connection.execute("SET client_min_messages = error")
    return connection


def _observed(
    made: Database,
    connection: Connection,
    statement: str,
    before: dict[int, _Table],
    fresh: set[str],
    seconds: float,
) -> Observed:
    """Try, make what is missing, and try again; `before` grows by the tables that are made up.

    Those in `fresh` do not count: the migration makes them itself, in a way that does not run here.
    """
    assumed: list[str] = []
    watch = _alone if runs_alone(statement) else _in_transaction
    seen = watch(made, connection, statement, before, seconds)
    for _ in range(_TRIES):
        if not seen.error or connection.closed:
            break
        known = set(_tables(connection))
        try:
            with limited(made.cluster, connection.info.backend_pid, seconds):
                made_up = assume(connection, seen.error, statement)
        except psycopg.Error:
            break
        if not made_up:
            break
        assumed.append(made_up)
        added = {o: t for o, t in _tables(connection).items() if o not in known}
        before.update({o: t for o, t in added.items() if t.name not in fresh})
        seen = watch(made, connection, statement, before, seconds)
    return Observed(seen.effects, seen.error, tuple(assumed))


def _in_transaction(
    made: Database,
    connection: Connection,
    statement: str,
    before: dict[int, _Table],
    seconds: float,
) -> Observed:
    try:
        connection.execute("BEGIN")
        now = {oid: table for oid, table in _tables(connection).items() if oid in before}
        with limited(made.cluster, connection.info.backend_pid, seconds):
            connection.execute(emptied(statement).encode(), prepare=False)
        effects = tuple(_effects(connection, now, empties=_EMPTIES.match(statement) is not None))
        connection.execute("COMMIT")
    except psycopg.Error as failed:
        error = (failed.diag.message_primary or str(failed)).split("\n")[0]
        if not connection.closed:
            connection.execute("ROLLBACK")
        return Observed(error=error)
    return Observed(effects)


def _alone(
    made: Database,
    connection: Connection,
    statement: str,
    before: dict[int, _Table],
    seconds: float,
) -> Observed:
    """What cannot run in a transaction holds no lock that could be looked at: documented, not seen."""
    then = _tables(connection)
    if error := run(made.cluster, connection, statement, seconds):
        return Observed(error=error)
    now = _tables(connection)
    table = documented(connection, statement)
    effects = tuple(
        Effect(
            then[oid].name, table.lock, rewrites=now[oid].file != then[oid].file, scans=table.scans
        )
        for oid in before
        if table is not None and oid in then and oid in now and then[oid].name == table.name
    )
    return Observed(effects)


def _tables(connection: Connection) -> dict[int, _Table]:
    rows = connection.execute(
        "SELECT c.oid::int, c.oid::regclass::text, c.relfilenode::int, "
        "coalesce(pg_stat_get_xact_numscans(c.oid), 0)::int FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
        "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    ).fetchall()
    return {oid: _Table(*rest) for oid, *rest in rows}


def _effects(
    connection: Connection, before: dict[int, _Table], *, empties: bool
) -> Iterator[Effect]:
    """What is true of each table now that was not before, while the transaction is open.

    A table that is emptied has another file too, but nothing is written to it.
    """
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
        rewrites = after is not None and after.file != was.file and not empties
        if mode != "AccessShareLock" or scans:
            yield Effect(was.name, mode, rewrites, scans, after is None)

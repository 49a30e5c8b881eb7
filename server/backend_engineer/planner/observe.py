"""What each statement of a migration does to the tables that are there: seen, not guessed.

Each runs in a transaction on empty tables; then the locks that it holds, the tables that have another
file (rewritten) and those that it read through (scanned) are the same as they would be with rows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import psycopg
from msgspec.structs import replace

from backend_analyzers.oracle import Effect, Lock, Observed, Replay, Replayed, Script, Step
from backend_engineer.planner.assume import Assumption, assume
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
    r"create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?([\w.\"$]+)", re.IGNORECASE
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
    assumed: list[Assumption] = []
    found = tuple(
        tuple(_watched(_Watch(made, seconds, step, assumed), step))
        if step.watched
        else _passed(made, step, seconds)
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


class _Watch:
    """One migration while it runs.

    `before` are the tables that were there when it began, with those that are made up for it;
    `assumed` is what was made up, by the migrations before, too.
    """

    def __init__(
        self, made: Database, seconds: float, step: Step, assumed: list[Assumption]
    ) -> None:
        self.made = made
        self.seconds = seconds
        self.assumed = assumed
        self.own = frozenset(
            match[1].replace('"', "").removeprefix("public.")
            for s in step.statements
            if (match := _CREATES.match(s)) is not None
        )
        self.connection = self._connect()
        self.before = _tables(self.connection)

    def ready(self) -> Connection:
        """The connection, made anew when the last statement has ended it."""
        if self.connection.closed:
            self.connection = self._connect()
        return self.connection

    def _connect(self) -> Connection:
        connection = self.made.connect()
        connection.execute(f"SET statement_timeout = {int(self.seconds * 900)}")
        connection.execute("SET check_function_bodies = off")
        connection.execute("SET client_min_messages = error")
        return connection

    def limited(self) -> contextlib.AbstractContextManager[None]:
        """What runs meanwhile ends in time."""
        return limited(self.made.cluster, self.connection.info.backend_pid, self.seconds)

    def assume(self, error: str, statement: str) -> Assumption | None:
        """Make up what is missing; a table that the migration itself was to make is nobody else's."""
        known = set(_tables(self.connection))
        with contextlib.suppress(psycopg.Error), self.limited():
            made_up = assume(self.connection, error, statement)
            if made_up is not None:
                self.assumed.append(made_up)
                if made_up.table.replace('"', "") not in self.own:
                    now = _tables(self.connection)
                    self.before.update({o: t for o, t in now.items() if o not in known})
            return made_up
        return None


def _watched(watch: _Watch, step: Step) -> Iterator[Observed]:
    try:
        for statement in step.statements:
            watch.ready()
            if _CONTROL.match(statement) or not statement:
                yield Observed()
            elif (extended := extend(watch.made, statement)) is not None:
                yield Observed(error=extended)
            else:
                yield _observed(watch, statement)
    finally:
        watch.connection.close()


def _observed(watch: _Watch, statement: str) -> Observed:
    """Try, make what is missing, and try again."""
    run_it = _alone if runs_alone(statement) else _in_transaction
    first = len(watch.assumed)
    seen = run_it(watch, statement)
    for _ in range(_TRIES):
        if not seen.error or watch.connection.closed:
            break
        if watch.assume(seen.error, statement) is None:
            break
        seen = run_it(watch, statement)
    tables = {effect.table for effect in seen.effects}
    for one in watch.assumed:
        if one.column and one.table in tables and _retypes(statement, one.column):
            return Observed(error=f"the type of {one.table}.{one.column} before is not known")
    about = [one for n, one in enumerate(watch.assumed) if n >= first or one.table in tables]
    return Observed(
        seen.effects,
        seen.error,
        tuple(dict.fromkeys(one.text for one in about)),
        tuple(dict.fromkeys(one.table for one in about if one.is_table)),
    )


def _retypes(statement: str, column: str) -> bool:
    """Whether a statement changes the type of a column, which it was only assumed to have."""
    name = rf"\"?{re.escape(column)}\"?"
    retyped = rf"\balter\s+(?:column\s+)?{name}\s+(?:set\s+data\s+)?type\b"
    return re.search(retyped, statement, re.IGNORECASE) is not None


def _in_transaction(watch: _Watch, statement: str) -> Observed:
    connection = watch.connection
    try:
        connection.execute("BEGIN")
        now = {oid: t for oid, t in _tables(connection).items() if oid in watch.before}
        with watch.limited():
            connection.execute(emptied(statement).encode(), prepare=False)
        effects = tuple(_effects(connection, now, empties=_EMPTIES.match(statement) is not None))
        connection.execute("COMMIT")
    except psycopg.Error as failed:
        error = (failed.diag.message_primary or str(failed)).split("\n")[0]
        if not connection.closed:
            connection.execute("ROLLBACK")
        return Observed(error=error)
    return Observed(effects)


def _alone(watch: _Watch, statement: str) -> Observed:
    """What cannot run in a transaction holds no lock that could be looked at: documented, not seen."""
    connection = watch.connection
    then = _tables(connection)
    if error := run(watch.made.cluster, connection, statement, watch.seconds):
        return Observed(error=error)
    now = _tables(connection)
    table = documented(connection, statement)
    effects = tuple(
        Effect(
            then[oid].name, table.lock, rewrites=now[oid].file != then[oid].file, scans=table.scans
        )
        for oid in watch.before
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

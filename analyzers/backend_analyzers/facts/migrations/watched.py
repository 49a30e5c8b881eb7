"""What each statement of the migrations that are not shipped does, as seen on the planner's PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from backend_analyzers.facts.engines import is_postgresql
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.current import Current, current, key_of
from backend_analyzers.facts.migrations.history import Line
from backend_analyzers.oracle import Observed, Replay, Replayed, Step
from backend_analyzers.sql.ddl import Ddl
from backend_analyzers.sql.lexing import prepare
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.render import rendered
from backend_analyzers.workspace import Workspace

_OTHERS = frozenset({"sqlite", "sqlite3", "mysql", "mariadb", "mssql", "oracle", "cockroach"})
_LONGEST = 100_000
"""Characters; a longer statement is data."""


class Act(msgspec.Struct, frozen=True):
    """One statement of a migration, with the operation that runs it, and what it does.

    `observed` is None while nobody has looked.
    """

    operation: Operation
    sql: str
    observed: Observed | None = None

    @property
    def actions(self) -> tuple[Ddl, ...]:
        """The statement as DDL."""
        return tuple(
            action for one in parse_ddl(self.sql, dialect="postgresql") for action in one.actions
        )


class Watched(msgspec.Struct, frozen=True):
    """A migration that is not shipped, and its statements in order."""

    line: Line
    migration: Migration
    acts: tuple[Act, ...]


def watched(workspace: Workspace) -> tuple[Watched, ...]:
    """The migrations of PostgreSQL that are not shipped; those of other databases are not known."""
    if not workspace.fact(is_postgresql):
        return ()
    found: list[Watched] = []
    for one in workspace.fact(current):
        if _is_postgresql(one.line):
            found += _seen(workspace, _without_others(one))
    return tuple(found)


def _without_others(one: Current) -> Current:
    """Without the migrations in folders that are named after another database."""
    kept = tuple(m for m in one.line.migrations if not _OTHERS & set(m.at.path.lower().split("/")))
    if len(kept) == len(one.line.migrations):
        return one
    chosen = tuple(m for m in one.migrations if m in kept)
    return Current(replace(one.line, migrations=kept), chosen)


def _is_postgresql(line: Line) -> bool:
    """Whether most of its SQL is in that dialect."""
    spoken = [s.dialect for one in line.migrations for o in one.operations for s in o.ddl]
    return spoken.count("postgresql") * 2 >= len(spoken)


def _seen(workspace: Workspace, chosen: Current) -> Iterator[Watched]:
    new = {key_of(one) for one in chosen.migrations}
    ordered = _new_last(chosen.line, new)
    texts = {key_of(one): _statements(one) for one in ordered}
    steps = tuple(
        Step(
            tuple(sql for _, sql in texts[key_of(one)]),
            transaction=one.transaction,
            watched=key_of(one) in new,
        )
        for one in ordered
        if key_of(one) in new or texts[key_of(one)]
    )
    answer = workspace.answer(Replay(steps))
    seen: list[tuple[Observed, ...]] = []
    if isinstance(answer, Replayed):
        seen = [found for step, found in zip(steps, answer.steps, strict=True) if step.watched]
    old: set[str] = set()
    for number, one in enumerate(one for one in ordered if key_of(one) in new):
        known = tuple(_surely_old(one, texts[key_of(one)], seen[number], old)) if seen else ()
        acts = tuple(
            Act(operation, sql, known[place] if known else None)
            for place, (operation, sql) in enumerate(texts[key_of(one)])
        )
        yield Watched(chosen.line, one, acts)


def _surely_old(
    migration: Migration,
    texts: tuple[tuple[Operation, str], ...],
    seen: tuple[Observed, ...],
    old: set[str],
) -> Iterator[Observed]:
    """What was seen, less what is said of tables that code of the migration itself may have made.

    `old` are the tables that were made up for the migrations before, and are there since.
    """
    after_code: set[int] = set()
    for number, one in enumerate(migration.operations):
        if one.runs == "code":
            after_code.update(id(later) for later in migration.operations[number:])
    before = frozenset(old)
    for (operation, _), observed in zip(texts, seen, strict=True):
        old.update(observed.made_up)
        fresh = set(observed.made_up) - before
        if fresh and id(operation) in after_code:
            kept = tuple(effect for effect in observed.effects if effect.table not in fresh)
            yield replace(observed, effects=kept)
        else:
            yield observed


def _new_last(line: Line, new: set[str]) -> tuple[Migration, ...]:
    """The migrations in an order that is as good, with those that are watched as late as can be.

    What leads up to them is then the same while somebody writes them.
    """
    late: set[str] = set()
    before: dict[str, str] = {}
    for one in line.migrations:
        names = [before.get(one.branch, "")] if one.after is None else one.after
        after = {name if ":" in name else f"{one.branch}:{name}" for name in names if name}
        key = key_of(one)
        if key in new or after & late:
            late.add(key)
        before[one.branch] = key
    early = tuple(one for one in line.migrations if key_of(one) not in late)
    return (*early, *(one for one in line.migrations if key_of(one) in late))


def _statements(migration: Migration) -> tuple[tuple[Operation, str], ...]:
    return tuple((one, sql) for one in migration.operations for sql in statements_of(one))


def statements_of(operation: Operation) -> tuple[str, ...]:
    """The statements that an operation runs, without semicolons."""
    if operation.sql:
        if len(operation.sql) > _LONGEST:
            return ()
        if ";" not in operation.sql:
            return (operation.sql,)
        written = operation.sql.encode(errors="replace")
        pieces = prepare(written, "postgresql").pieces
        texts = (written[start:end].decode(errors="replace").strip() for start, end in pieces)
        return tuple(text.rstrip(";").rstrip() for text in texts if text.strip("; \n"))
    return tuple(sql for one in operation.ddl for action in one.actions for sql in rendered(action))

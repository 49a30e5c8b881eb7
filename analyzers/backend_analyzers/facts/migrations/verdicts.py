"""What is wrong with a statement of a migration, from what it was seen to do: one verdict a statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers.facts.migrations.watched import Act, Watched
from backend_analyzers.oracle import Effect
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import AddColumn, AddConstraint, AlterColumn, Ddl

Fault = Literal["index", "constraint", "not null", "rewrite", ""]
"""Why others wait for long: an index is built, a constraint checked, NULL looked for, rows rewritten."""

BLOCKING = frozenset({"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"})
"""The locks that writers wait for."""

_MOST = 4
"""Tables that a message names."""

_INDEX = re.compile(r"\s*(?:create\s+(?:unique\s+)?index|reindex)\b", re.IGNORECASE)
_ATTACH = re.compile(r"\s*alter\s+table\b.*\battach\s+partition\b", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(r"\s*alter\s+domain\b", re.IGNORECASE)
_NOT_NULL = re.compile(
    r"\bset\s+not\s+null\b|\badd\s+(?:constraint\s+\S+\s+)?not\s+null\b", re.IGNORECASE
)
_NEW_PARTITION = re.compile(r"\s*create\s+table\b.*\bpartition\s+of\b", re.IGNORECASE | re.DOTALL)


class Verdict(msgspec.Struct, frozen=True):
    """A statement for which others wait as long as a table takes to be read through.

    `tables` are those that were there before and are read or written from end to end meanwhile.
    """

    fault: Fault
    act: Act
    actions: tuple[Ddl, ...]
    tables: tuple[Effect, ...]
    alone: bool = True
    """Whether the operation runs no other statement with the same fault."""

    @property
    def readers_wait(self) -> bool:
        """Whether even SELECT waits."""
        return any(effect.lock == "AccessExclusiveLock" for effect in self.tables)

    @property
    def what_waits(self) -> str:
        """In words: what others cannot do to which tables."""
        names = listed(effect.table for effect in self.tables)
        return f"{'reads and writes' if self.readers_wait else 'writes'} of {names}"


def verdicts(seen: Iterable[Watched], fault: Fault) -> Iterator[tuple[Watched, Verdict]]:
    """The statements with one fault, in order; one for each operation, which may run several."""
    for one in seen:
        grouped: dict[Place, Verdict] = {}
        for act in one.acts:
            verdict = verdict_of(act)
            if verdict.fault == fault:
                first = grouped.get(act.operation.at)
                grouped[act.operation.at] = _joined(first, verdict) if first else verdict
        yield from ((one, verdict) for verdict in grouped.values())


def _joined(first: Verdict, other: Verdict) -> Verdict:
    """Both as one, about the tables of both."""
    tables = {effect.table: effect for effect in (*first.tables, *other.tables)}
    return replace(
        first, tables=tuple(tables.values()), actions=(*first.actions, *other.actions), alone=False
    )


def verdict_of(act: Act) -> Verdict:
    """What a statement does wrong; nothing for one that was not seen, or did not run."""
    seen = act.observed
    if seen is None or seen.error or not any(e.scans or e.rewrites for e in seen.effects):
        return Verdict("", act, (), ())
    written = tuple(e for e in seen.effects if e.rewrites and e.lock == "AccessExclusiveLock")
    if written:
        return Verdict("rewrite", act, act.actions, written)
    read = tuple(e for e in seen.effects if e.scans and e.lock in BLOCKING)
    if not read:
        return Verdict("", act, (), ())
    actions = act.actions
    held = tuple(e for e in seen.effects if e.lock in BLOCKING)
    fault = _fault(act.sql, actions)
    return Verdict(fault, act, actions, held if fault == "constraint" else read)


def _fault(sql: str, actions: tuple[Ddl, ...]) -> Fault:
    if _INDEX.match(sql):
        return "index"
    if _ATTACH.match(sql) or _DOMAIN.match(sql) or _NEW_PARTITION.match(sql):
        return "constraint"
    if any(_checks(action) for action in actions):
        return "constraint"
    if _NOT_NULL.search(sql) or any(_needs_values(action) for action in actions):
        return "not null"
    if any(isinstance(action, AlterColumn) and action.type is not None for action in actions):
        return "rewrite"
    return ""


def _checks(action: Ddl) -> bool:
    """Whether it declares what all rows are checked for, or builds the index of a key."""
    if isinstance(action, AddConstraint):
        return action.constraint.valid and action.constraint.index is None
    return isinstance(action, AddColumn) and (action.column.unique or action.column.primary_key)


def _needs_values(action: Ddl) -> bool:
    if isinstance(action, AddConstraint):
        return action.constraint.kind == "primary key"
    return isinstance(action, AlterColumn) and action.nullable is False


def evidence_of(act: Act) -> dict[str, str]:
    """What was seen, for a finding: the statement, the locks, and what was taken for granted."""
    found = {"statement": act.sql[:400]}
    if act.observed is not None:
        found["seen"] = "; ".join(_said(effect) for effect in act.observed.effects)
        if act.observed.assumed:
            found["assumed"] = "; ".join(act.observed.assumed)
    return found


def _said(effect: Effect) -> str:
    words: list[str] = [effect.lock]
    words += [word for word in ("rewrites", "scans", "drops") if getattr(effect, word)]
    return f"{effect.table}: {', '.join(words)}"


def listed(names: Iterable[str]) -> str:
    """Names as in a sentence."""
    quoted = [f"`{name.replace(chr(34), '')}`" for name in dict.fromkeys(names)]
    if len(quoted) > _MOST:
        quoted[_MOST - 1 :] = [f"{len(quoted) - _MOST + 1} others"]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"

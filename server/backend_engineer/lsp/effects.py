"""What a statement of a migration does to the tables that are there, on hover."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.migrations.effects import Effects, effects
from backend_analyzers.oracle import Effect, Lock
from backend_engineer.lsp.question import Question

_WAITS: dict[Lock, str] = {
    "AccessShareLock": "nobody waits",
    "RowShareLock": "nobody waits",
    "RowExclusiveLock": "nobody waits",
    "ShareUpdateExclusiveLock": "other changes of the schema wait",
    "ShareLock": "writers wait",
    "ShareRowExclusiveLock": "writers wait",
    "ExclusiveLock": "writers wait",
    "AccessExclusiveLock": "readers and writers wait",
}


def sections(question: Question, offset: int) -> Iterator[str]:
    """What was seen of the statement under the pointer."""
    for one in question.workspace.fact(effects).get(question.path, ()):
        if question.holds(one.at, offset):
            yield described(one)


def described(one: Effects) -> str:
    """The locks, rewrites and scans of a statement, as seen on a private PostgreSQL."""
    seen = one.observed
    if seen.error:
        return f"**Migration** · PostgreSQL does not run this here: {seen.error}"
    lines = [f"- `{effect.table}`: {_told(effect)}" for effect in seen.effects]
    if not lines:
        lines = ["- no table that is there before is locked"]
    parts = [
        "**Migration** · as seen on a private PostgreSQL",
        "\n".join(lines),
        f"Taken for granted: {'; '.join(seen.assumed)}" if seen.assumed else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _told(effect: Effect) -> str:
    done = [
        word
        for is_so, word in (
            (effect.rewrites, "written anew"),
            (effect.scans, "read from end to end"),
            (effect.drops, "dropped"),
        )
        if is_so
    ]
    return ", ".join([f"{effect.lock} ({_WAITS[effect.lock]})", *done])

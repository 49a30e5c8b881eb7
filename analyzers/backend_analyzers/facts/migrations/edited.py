"""Migrations that do something else than they did where they have already run."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.facts.migrations.watched import statements_of
from backend_analyzers.source import Place
from backend_analyzers.workspace import Base, Workspace


class Edited(msgspec.Struct, frozen=True):
    """A migration, the revision at which it was another one, and what was changed in it."""

    migration: Migration
    at: Place
    revision: str
    before: str
    after: str


def edited(workspace: Workspace) -> tuple[Edited, ...]:
    """The migrations that are not as they were at the base; none when there is no base."""
    base: Base | None = workspace.option("base")
    if base is None:
        return ()
    now = [one for line in workspace.fact(history) for one in line.migrations]
    touched = {one.at.path for one in now if base.before.get(one.at.path) is not None}
    if not touched:
        return ()
    texts = {path: text for path, text in base.before.items() if path in touched and text}
    then = {
        (one.at.path, one.revision): one
        for line in Workspace.of(texts).fact(history)
        for one in line.migrations
    }
    return tuple(_changed(now, then, base.revision))


def _changed(
    now: list[Migration], then: dict[tuple[str, str], Migration], revision: str
) -> Iterator[Edited]:
    for one in now:
        before = then.get((one.at.path, one.revision))
        if before is None:
            continue
        old, new = _done(before), _done(one)
        if [text for text, _ in old] == [text for text, _ in new]:
            continue
        first = next(
            (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a[0] != b[0]),
            min(len(old), len(new)),
        )
        at = new[first][1] if first < len(new) else one.at
        was = old[first][0] if first < len(old) else ""
        yield Edited(one, at, revision, was, new[first][0] if first < len(new) else "")


def _done(migration: Migration) -> list[tuple[str, Place]]:
    """What it does, as texts that do not depend on how it is laid out."""
    found = []
    for operation in migration.operations:
        texts = statements_of(operation) or (operation.runs,)
        found += [(" ".join(text.split()), operation.at) for text in texts]
    return found

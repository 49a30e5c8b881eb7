"""The migrations that somebody can still change: those that have not run anywhere yet.

When a base is known (`check --since`), they are those whose files differ from it.  Else they are the
last few of each branch, since nobody reads a thousand findings about history.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import Line, history
from backend_analyzers.workspace import Workspace


class Current(msgspec.Struct, frozen=True):
    """A line of migrations, and those of it that are not shipped."""

    line: Line
    migrations: tuple[Migration, ...]


def current(workspace: Workspace) -> tuple[Current, ...]:
    """What is to be looked at in each line; lines with nothing new are left out."""
    base = workspace.option("base")
    count: int = workspace.option("recent_migrations")
    found = []
    for line in workspace.fact(history):
        if base is not None:
            chosen = tuple(one for one in line.migrations if one.at.path in base.before)
        else:
            chosen = tuple(_last(line, count))
        if chosen:
            found.append(Current(line, chosen))
    return tuple(found)


def _last(line: Line, count: int) -> Iterator[Migration]:
    left: dict[str, int] = {}
    if count:
        for migration in line.migrations:
            left[migration.branch] = left.get(migration.branch, -count) + 1
    for migration in line.migrations:
        skipped = left.get(migration.branch, 0)
        left[migration.branch] = skipped - 1
        if skipped <= 0:
            yield migration


def key_of(migration: Migration) -> str:
    """The name of a migration among all of its line."""
    return f"{migration.branch}:{migration.revision}"

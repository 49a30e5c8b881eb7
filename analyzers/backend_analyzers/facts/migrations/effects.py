"""What each statement of a migration does to the tables, by where it is: for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_analyzers.facts.migrations.watched import watched
from backend_analyzers.oracle import Observed
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace


class Effects(msgspec.Struct, frozen=True):
    """A statement of a migration: the operation that runs it, its text, and what it was seen to do.

    An operation may run several statements; then there is one of these for each, in order, at the
    same place.
    """

    at: Place
    sql: str
    observed: Observed


def effects(workspace: Workspace) -> Mapping[str, tuple[Effects, ...]]:
    """What the migrations that are not shipped do, by path and in order; only what has been seen."""
    found: dict[str, list[Effects]] = {}
    for one in workspace.fact(watched):
        for act in one.acts:
            if act.observed is not None:
                place = act.operation.at
                found.setdefault(place.path, []).append(Effects(place, act.sql, act.observed))
    return {path: tuple(some) for path, some in found.items()}

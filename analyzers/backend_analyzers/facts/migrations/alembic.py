"""Migrations of Alembic, also as Flask-Migrate lays them out: what `upgrade()` does, operation by operation.

The function is followed statement by statement, with the functions of the same file that it calls;
loops over what the file says are unrolled.  What depends on the state of the database is marked so.
The dialect is taken to be PostgreSQL where a script asks for it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Items,
    Thing,
)
from backend_analyzers.facts.alchemy.world import World
from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.alembic_reader import Reader
from backend_analyzers.facts.migrations.alembic_references import referred
from backend_analyzers.facts.models.sqlalchemy import names
from backend_analyzers.source import File, Language
from backend_analyzers.workspace import Workspace


class Script(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A migration as its file says it; `refers` when some names and types are those of other files."""

    migration: Migration
    refers: bool


def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
    """The migrations of the workspace, by path."""
    found = {path: some for path, some in workspace.each(scripts).items() if some}
    if any(one.refers for some in found.values() for one in some):
        read = workspace.by_path(with_references, found, workspace.fact(names))
        return tuple(one for some in read.values() for one in some)
    return tuple(one.migration for some in found.values() for one in some)


def with_references(path: str, some: tuple[Script, ...], world: World) -> tuple[Migration, ...]:
    """The migrations of a file, with what it takes from other files."""
    return tuple(
        referred(one.migration, path, world) if one.refers else one.migration for one in some
    )


@file_fact
def scripts(file: File) -> tuple[Script, ...]:
    """The migration that a file is, if it is one."""
    if file.language is not Language.PYTHON or b"down_revision" not in file.text:
        return ()
    reader = Reader(file)
    revision = reader.look_up("revision")
    down = reader.assigned.get("down_revision")
    if not isinstance(revision, str) or down is None or "upgrade" not in reader.functions:
        return ()
    upgrade = reader.functions["upgrade"]
    reader.unit = upgrade.unit
    reader.run(upgrade.node.body, {})
    after, sure = _revisions(reader.look_up("down_revision"))
    others, known = _revisions(reader.look_up("depends_on"), otherwise=())
    migration = Migration(
        tool="alembic",
        at=reader.place_of("revision"),
        branch=_branch(file.path),
        revision=revision,
        operations=tuple(reader.found),
        after=tuple(dict.fromkeys((*after, *others))),
        transaction=not reader.commits,
        reverts=_reverts(reader),
        complete=sure and known and not reader.unclear,
    )
    return (Script(migration, reader.refers),)


def _branch(path: str) -> str:
    """The folder whose migrations share a history: the one above `versions`."""
    parts = path.split("/")[:-1]
    if "versions" in parts:
        return "/".join(parts[: len(parts) - parts[::-1].index("versions") - 1])
    return "/".join(parts)


def _revisions(thing: Thing, otherwise: Thing = UNKNOWN) -> tuple[tuple[str, ...], bool]:
    match thing:
        case None:
            return (), True
        case str():
            return (thing,), True
        case Items() if all(isinstance(one, str) for one in thing):
            return tuple(thing), thing.complete
        case _:
            return (), otherwise is not UNKNOWN and thing is UNKNOWN


def _reverts(reader: Reader) -> Literal["yes", "no"]:
    """Whether `downgrade()` does anything; a merge has nothing to take back."""
    downgrade = reader.functions.get("downgrade")
    if not reader.found and not reader.unclear:
        return "yes"
    if downgrade is None or all(_is_nothing(one) for one in downgrade.node.body):
        return "no"
    return "yes"


def _is_nothing(statement: ir.Stmt) -> bool:
    match statement:
        case ir.Raise() | ir.Return(value=None):
            return True
        case ir.Evaluate(value=ir.Text() | ir.Constant() | ir.Unknown(children=())):
            return True
        case ir.Evaluate(value=ir.Name(id="pass")):
            return True
        case ir.Other(expressions=(), body=()):
            return True
        case _:
            return False

"""The models of SQLAlchemy, SQLModel and Flask-SQLAlchemy, and tables of Core.

A file says what its classes declare (`declared`); `_reads` reads that with the names of all files, a file at
a time, so that an edit costs the file that it is in; here the classes are put together.
"""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.alchemy.declared import declared, definitions
from backend_analyzers.facts.alchemy.world import World
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.sqlalchemy_classes import FileRead, read_file
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped, mapping
from backend_analyzers.facts.models.sqlalchemy_relations import with_relations
from backend_analyzers.facts.modules import modules
from backend_analyzers.facts.paths import is_migration, is_test
from backend_analyzers.workspace import Workspace


def models(workspace: Workspace) -> Mapping[str, Model]:
    """The mapped classes and the tables of the workspace."""
    return {one.model.key: one.model for one in workspace.fact(mapped).values()}


def mapped(workspace: Workspace) -> Mapping[str, Mapped]:
    """The mapped classes and the tables by where they are declared: `app/models.py:Order`."""
    world = workspace.fact(names)
    reads = workspace.fact(_reads)
    return with_relations(mapping(reads, world))


def names(workspace: Workspace) -> World:
    """The names of the workspace."""
    return World(workspace.fact(modules), workspace.each(definitions))


def _reads(workspace: Workspace) -> Mapping[str, FileRead]:
    """What each file declares, read with the names of all."""
    known = {
        path: one
        for path, one in workspace.each(declared).items()
        if (one.classes or one.values or one.late) and not is_test(path) and not is_migration(path)
    }
    return workspace.by_path(read_file, known, workspace.fact(names))

"""Edits of migrations, by the tool of the migration; None where there are none."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.fact import file_fact, offsets
from backend_analyzers.facts.migrations import Migration, Operation, Tool
from backend_analyzers.facts.migrations.safe import Steps
from backend_analyzers.facts.migrations.watched import statements_of
from backend_analyzers.facts.migrations.writing import Edits, Script, Writer
from backend_analyzers.facts.migrations.writing.alembic import ALEMBIC
from backend_analyzers.facts.migrations.writing.django import DJANGO
from backend_analyzers.facts.migrations.writing.ecmascript import KNEX
from backend_analyzers.facts.migrations.writing.sql_files import SQL_FILES
from backend_analyzers.facts.paths import is_migration
from backend_analyzers.source import File, Language
from backend_analyzers.workspace import Workspace

_LARGEST = 100_000
_SQL: tuple[Tool, ...] = ("sql", "flyway", "golang-migrate", "dbmate", "goose", "prisma")
_WRITERS: Mapping[Tool, Writer] = {
    **dict.fromkeys(_SQL, SQL_FILES),
    "alembic": ALEMBIC,
    "django": DJANGO,
    "knex": KNEX,
}


@file_fact
def script(file: File) -> Script | None:
    """The text of a file that may be a migration; None for large ones and others."""
    named = file.language is Language.SQL or is_migration(file.path)
    if not named or len(file.text) > _LARGEST:
        return None
    return Script(file.path, file.text, dict(offsets(file)))


def in_steps(
    workspace: Workspace,
    migration: Migration,
    operation: Operation,
    steps: Steps | None,
) -> Edits:
    """Edits that run other statements in the place of an operation, each in its own transaction."""
    found = _writer(workspace, migration)
    if found is None or not steps or len(statements_of(operation)) != 1:
        return None
    text, writer = found
    return writer.in_steps(text, migration, operation, steps)


def outside(workspace: Workspace, migration: Migration, operation: Operation) -> Edits:
    """Edits that run an operation outside of a transaction."""
    found = _writer(workspace, migration)
    return found[1].outside(found[0], migration, operation) if found else None


def first(workspace: Workspace, migration: Migration, statement: str) -> Edits:
    """Edits that run a statement before all others of a migration."""
    found = _writer(workspace, migration)
    return found[1].first(found[0], migration, statement) if found else None


def _writer(workspace: Workspace, migration: Migration) -> tuple[Script, Writer] | None:
    text, writer = workspace.one(migration.at.path, script), _WRITERS.get(migration.tool)
    return (text, writer) if text is not None and writer is not None else None

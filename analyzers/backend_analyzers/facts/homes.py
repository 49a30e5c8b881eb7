"""A schema with where it comes from; and the schemas that migrations in code and models declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.history import Line, common_folder, history
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.paths import is_test
from backend_analyzers.sql.ddl import CreateTable, Ddl, DdlStatement
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.workspace import Workspace


class Home(msgspec.Struct, frozen=True):
    """One schema: the folder it comes from, its files in the order they are applied, and the result.

    `kind` says what declares it: SQL files, migrations of a tool, or the models of a mapper.
    """

    folder: str
    files: tuple[str, ...]
    schema: Schema
    kind: Literal["sql", "migrations", "models"] = "sql"

    @property
    def key(self) -> str:
        """Tells the schemas of a workspace apart."""
        return f"{self.kind}:{self.folder}"

    def leads_up(self, path: str) -> bool:
        """Whether a file is one of the steps that make the schema, so that its SQL saw another one.

        A file of models is none: what it asks is asked of the schema at head.
        """
        return self.kind != "models" and path in self.files


def migration_homes(workspace: Workspace) -> tuple[Home, ...]:
    """The schema after each line of migrations that are no SQL files: those are read as such."""
    lines = [line for line in workspace.fact(history) if not _is_sql(line)]
    return tuple(home for line in lines if (home := _migrated(line)).schema.tables)


def _is_sql(line: Line) -> bool:
    return all(migration.at.path.endswith(".sql") for migration in line.migrations)


def _migrated(line: Line) -> Home:
    schema = Schema()
    for migration in line.migrations:
        schema = after(schema, migration)
    return Home(
        line.folder,
        tuple(dict.fromkeys(migration.at.path for migration in line.migrations)),
        schema,
        "migrations",
    )


def after(schema: Schema, migration: Migration) -> Schema:
    """The schema after one migration."""
    for operation in migration.operations:
        origin = f"{operation.at.path}\0{operation.at.unit}"
        schema = apply(schema, operation.ddl, origin)
    return schema if migration.complete else replace(schema, complete=False)


def model_homes(workspace: Workspace) -> tuple[Home, ...]:
    """The schemas that models declare: one for each mapper and project."""
    grouped: dict[tuple[str, str], list[Model]] = {}
    for model in workspace.fact(all_models).values():
        if not is_test(model.at.path):
            grouped.setdefault((model.mapper, _project(model)), []).append(model)
    homes = (_modelled(models) for _, models in sorted(grouped.items()))
    return tuple(home for home in homes if home.schema.tables)


def _project(model: Model) -> str:
    """The folder that imports of a model start from: what its key says, taken off its path.

    A key that is no path names a project by the first folder.
    """
    stem = model.at.path.rpartition(".")[0].removesuffix("/__init__")
    module = model.key.rpartition(".")[0].replace(".", "/")
    if module and f"/{stem}".endswith(f"/{module}"):
        return stem[: len(stem) - len(module)].rstrip("/")
    return model.at.path.partition("/")[0] if "/" in model.at.path else ""


def _modelled(models: Iterable[Model]) -> Home:
    schema = Schema()
    paths: dict[str, None] = {}
    for model, create in _creates(models):
        paths[model.at.path] = None
        origin = f"{model.at.path}\0{model.at.unit}"
        known = create.known and model.known
        made: tuple[Ddl, ...] = (*model.types, replace(create, known=known), *model.indexes)
        spoken: Dialect = "postgresql"
        schema = apply(schema, DdlStatement(spoken, create.start, create.end, made), origin)
    return Home(common_folder(paths), tuple(paths), schema, "models")


def _creates(models: Iterable[Model]) -> Iterator[tuple[Model, CreateTable]]:
    """Each table once: several models may share one (proxies, single-table inheritance)."""
    merged: dict[tuple[str | None, str], tuple[Model, CreateTable]] = {}
    for model in models:
        key = (model.schema, model.table)
        held = merged.get(key)
        if held is None:
            merged[key] = (model, model.create)
            continue
        first, create = held
        names = {column.name for column in create.columns}
        more = tuple(c for c in model.create.columns if c.name not in names)
        known = create.known and model.create.known and model.known
        merged[key] = (
            replace(first, indexes=tuple(dict.fromkeys((*first.indexes, *model.indexes)))),
            replace(create, columns=(*create.columns, *more), known=known),
        )
    yield from merged.values()


def covers(one: Home, other: Home) -> bool:
    """Whether a schema declares most of the tables of another."""
    tables = {key for key, table in other.schema.tables.items() if table.columns}
    return bool(tables) and len(tables & one.schema.tables.keys()) * 2 > len(tables)

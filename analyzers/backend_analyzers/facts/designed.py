"""The tables whose design somebody chose here, each once, and where their columns are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.schema import Database, database, place_of
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import Table, find_column
from backend_analyzers.workspace import Workspace


class Designed(msgspec.Struct, frozen=True):
    """A table in the schema that counts for it, and the model that declares it, if one does."""

    home: Home
    table: Table
    model: Model | None = None

    @property
    def at(self) -> Place:
        """Where it is named."""
        if self.model is not None:
            return self.model.at
        return place_of(self.table.origin, self.table.name_start, self.table.name_end)

    def column_at(self, name: str) -> Place:
        """Where a column is named; the table, where that is not known."""
        if self.model is not None:
            for field in self.model.fields:
                if field.column == name:
                    return field.at
            return self.model.at
        column = find_column(self.table, name)
        if column is None:
            return self.at
        return place_of(column.origin, column.name_start, column.name_end)


def designed(workspace: Workspace) -> tuple[Designed, ...]:
    """The tables that are read to the end and that no DDL in code changes besides."""
    return tuple(_each(workspace))


def _each(workspace: Workspace) -> Iterator[Designed]:
    declared = workspace.fact(database)
    models: Mapping[tuple[str, str], Model] = {
        (model.schema or "public", model.table): model
        for model in workspace.fact(all_models).values()
        if model.managed
    }
    for home in declared.current:
        is_modelled = home.kind == "models"
        for table in home.schema.tables.values():
            if table.kind != "table" or not table.known or not table.columns or table.temporary:
                continue
            model = models.get((table.schema, table.name)) if is_modelled else None
            is_changed = not is_modelled and table.name.lower() in declared.changed
            if not is_changed and not is_modelled_too(declared, home, table):
                yield Designed(home, table, model)


def is_modelled_too(declared: Database, home: Home, table: Table) -> bool:
    """Whether migrations make a table that models declare as well: those are where people work."""
    return home.kind == "migrations" and any(
        other.kind == "models" and table.key in other.schema.tables for other in declared.current
    )

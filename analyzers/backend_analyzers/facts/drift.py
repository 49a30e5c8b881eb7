"""Where the tables that models describe differ from those that the migrations make.

Only what both say is compared: a table that is not known to the end, or that anything else may have
changed, does not differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.schema import Database, database, place_of
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import SchemaColumn, Table
from backend_analyzers.workspace import Workspace

Kind = Literal["table", "column", "unmapped", "nullable"]
"""What differs: a table or column that no migration makes; a column that rows must have and no model
knows; a column that is NULL on one side only."""

_LEAST = 0.5
"""The share of the models' tables that migrations must make to be theirs."""


class Drift(msgspec.Struct, frozen=True):
    """One difference: where the model is, and where the migrations have it, if they do."""

    kind: Kind
    table: str
    column: str
    at: Place
    made_at: Place | None = None
    nullable: bool = False
    """Whether the model says that it may be NULL."""


def drifts(workspace: Workspace) -> tuple[Drift, ...]:
    """Every difference between models and the migrations that belong to them."""
    declared = workspace.fact(database)
    mapped = workspace.fact(all_models).values()
    unmanaged = {m.table.lower() for m in mapped if not m.managed or not m.known}
    fields = {(m.table, f.column): f.at for m in mapped for f in m.fields if f.column}
    found: list[Drift] = []
    for models in declared.homes:
        if models.kind == "models":
            made = _made(declared, models)
            if made is not None:
                found += _between(declared, models, made, unmanaged, fields)
    return tuple(found)


def _made(declared: Database, models: Home) -> Home | None:
    """The migrations that make the tables of some models; None when that is not one history.

    Both must have most of their tables in common, or they are for different databases.
    """
    tables = {key for key, table in models.schema.tables.items() if table.kind == "table"}
    able = []
    for home in declared.homes:
        if home.kind == "models" or not home.schema.complete or len(home.files) < 2:  # noqa: PLR2004
            continue
        own = {key for key, table in home.schema.tables.items() if table.kind == "table"}
        common = len(tables & own)
        if tables and own and common >= _LEAST * len(tables) and common >= _LEAST * len(own):
            able.append(home)
    return able[0] if len(able) == 1 else None


def _between(
    declared: Database,
    models: Home,
    made: Home,
    unmanaged: set[str],
    fields: Mapping[tuple[str, str], Place],
) -> Iterator[Drift]:
    for key, model in models.schema.tables.items():
        name = model.name.lower()
        if model.kind != "table" or not model.known or name in unmanaged:
            continue
        if name in declared.changed or name in declared.elsewhere:
            continue
        table = made.schema.tables.get(key)
        if table is None:
            if not any(home.kind != "models" for home, _ in declared.tables(model.name)):
                at = place_of(model.origin, model.name_start, model.name_end)
                yield Drift("table", model.label, "", at)
        elif table.known and table.kind == "table":
            yield from _of_columns(declared, model, table, fields)


def _of_columns(
    declared: Database, model: Table, table: Table, fields: Mapping[tuple[str, str], Place]
) -> Iterator[Drift]:
    there = {column.name.lower(): column for column in table.columns}
    mapped = {column.name.lower() for column in model.columns}
    added = declared.added.get(model.name.lower(), frozenset())
    for column in model.columns:
        other = there.get(column.name.lower())
        at = fields.get((model.name, column.name)) or _where(column)
        if other is None:
            if column.name not in added:
                yield Drift("column", model.label, column.name, at)
        elif other.nullable != column.nullable and not _is_key(model, table, column):
            yield Drift(
                "nullable", model.label, column.name, at, _where(other), nullable=column.nullable
            )
    for name, column in there.items():
        if name not in mapped and not column.nullable and not _fills_itself(table, column):
            at = place_of(model.origin, model.name_start, model.name_end)
            yield Drift("unmapped", model.label, column.name, at, _where(column))


def _is_key(model: Table, table: Table, column: SchemaColumn) -> bool:
    return column.name in {*(model.primary_key or ()), *(table.primary_key or ())}


def _fills_itself(table: Table, column: SchemaColumn) -> bool:
    """Whether a row gets a value without saying one."""
    is_serial = "serial" in column.type.lower() or column.name in (table.primary_key or ())
    return column.default is not None or bool(column.generated) or is_serial


def _where(column: SchemaColumn) -> Place:
    return place_of(column.origin, column.name_start, column.name_end)

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
"""The share of the tables of each that the other must know."""
_STEPS = 2
"""Files that make a history."""


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
    for made, models in _pairs(declared.homes):
        for one in models:
            found += _between(declared, one, made, unmanaged, fields)
    return tuple(found)


def _pairs(homes: tuple[Home, ...]) -> Iterator[tuple[Home, tuple[Home, ...]]]:
    """Each history with the models whose tables it makes; models of which that is not sure are left out.

    A history makes most tables of each of its groups of models (an app of Django is one), and they have
    most of its tables, or they are for different databases.
    """
    of_history: dict[str, list[Home]] = {}
    able = [
        home
        for home in homes
        if home.kind != "models" and home.schema.complete and len(home.files) >= _STEPS
    ]
    for models in homes:
        if models.kind == "models":
            tables = _tables(models)
            makers = [h for h in able if tables and _share(tables, _tables(h)) >= _LEAST]
            if len(makers) == 1:
                of_history.setdefault(makers[0].key, []).append(models)
    for home in able:
        some = of_history.get(home.key, [])
        mapped = frozenset().union(*(_tables(one) for one in some))
        if some and _share(_tables(home), mapped) >= _LEAST:
            yield home, tuple(some)


def _tables(home: Home) -> frozenset[str]:
    return frozenset(key for key, table in home.schema.tables.items() if table.kind == "table")


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some) if some else 0.0


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

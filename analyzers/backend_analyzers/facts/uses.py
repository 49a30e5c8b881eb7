"""Where the code of a workspace still uses a table or a column: its queries and its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.paths import is_migration, is_test
from backend_analyzers.facts.queries import Query
from backend_analyzers.source import Place
from backend_analyzers.sql.statement import ColumnRef, Statement
from backend_analyzers.workspace import Workspace


class Use(msgspec.Struct, frozen=True):
    """A place that names a table, or one of its columns."""

    at: Place
    how: str
    """What the place is: "a query", "a model"."""


class Uses(msgspec.Struct, frozen=True):
    """All places, by the name of the table in lower case, and by (table, column)."""

    tables: Mapping[str, tuple[Use, ...]] = {}
    columns: Mapping[tuple[str, str], tuple[Use, ...]] = {}


def uses(workspace: Workspace) -> Uses:
    """What queries and models outside of migrations and tests use, queries first."""
    steps = {one.at.path for line in workspace.fact(history) for one in line.migrations}
    asked = {
        path: found
        for path, found in workspace.fact(all_queries).items()
        if found and path not in steps and not is_migration(path) and not is_test(path)
    }
    tables: dict[str, list[Use]] = {}
    columns: dict[tuple[str, str], list[Use]] = {}
    for found in workspace.by_path(_of_file, asked, None).values():
        for table, column, at in found:
            if column:
                columns.setdefault((table, column), []).append(Use(at, "a query"))
            else:
                tables.setdefault(table, []).append(Use(at, "a query"))
    for model in workspace.fact(all_models).values():
        if not is_test(model.at.path):
            table = model.table.lower()
            tables.setdefault(table, []).append(Use(model.at, "a model"))
            for field in model.fields:
                if field.column:
                    key = (table, field.column.lower())
                    columns.setdefault(key, []).append(Use(field.at, "a model"))
    return Uses(
        {name: tuple(dict.fromkeys(found)) for name, found in tables.items()},
        {key: tuple(dict.fromkeys(found)) for key, found in columns.items()},
    )


_Found = tuple[str, str, Place]
"""(table, column or "", where)."""


def _of_file(_path: str, found: tuple[Query, ...], _shared: None) -> tuple[_Found, ...]:
    return tuple(one for query in found for one in _of_query(query))


def _of_query(query: Query) -> Iterator[_Found]:
    if not query.in_code:
        return
    for statement in query.statements:
        if statement.kind == "ddl":
            continue
        for table in statement.tables:
            if table.cte is None:
                yield table.name.lower(), "", query.place(table.name_start, table.name_end)
        for column in statement.columns:
            name = _table_of(statement, column)
            if name:
                at = query.place(column.name_start, column.name_end)
                yield name.lower(), column.name.lower(), at


def _table_of(statement: Statement, column: ColumnRef) -> str:
    """The table that a column is surely of: the one it names, or the only one there is."""
    stored = [table for table in statement.tables if table.cte is None]
    if column.qualifier:
        named = {table.name for table in stored if table.label == column.qualifier[-1]}
        return named.pop() if len(named) == 1 else ""
    names = {(table.schema, table.name) for table in stored}
    alone = len(names) == 1 and not statement.ctes and not statement.derived
    return stored[0].name if alone else ""

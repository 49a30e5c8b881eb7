"""Tables and columns by name: what stands under the pointer, and where else it is named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.ddl import Declared, ddl
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.source import Place, Span
from backend_analyzers.sql.ddl import (
    AlterColumn,
    ColumnDefinition,
    Ddl,
    DropColumn,
    IndexKey,
    TableName,
)
from backend_analyzers.sql.resolve import resolve
from backend_analyzers.sql.schema import SchemaColumn, Table, find_column, find_table
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace


class Named(msgspec.Struct, frozen=True):
    """A table, or one of its columns, and the place that names it."""

    home: Home
    table: Table
    column: SchemaColumn | None
    at: Place

    @property
    def declaration(self) -> Place:
        """Where it is created."""
        if self.column is not None:
            column = self.column
            return place_of(column.origin, column.name_start, column.name_end)
        return place_of(self.table.origin, self.table.name_start, self.table.name_end)

    def is_same(self, other: Named) -> bool:
        mine, its = self.column, other.column
        return (
            self.home.key == other.home.key
            and self.table.key == other.table.key
            and (mine.name if mine else None) == (its.name if its else None)
        )


def named_at(workspace: Workspace, path: str, offset: int) -> list[Named]:
    """What the name at an offset of a file means, in each schema that has it; the nearest first."""
    found: list[Named] = []
    for query in workspace.fact(all_queries).get(path, ()):
        if _holds(workspace.span(query.at), offset):
            found += _in_query(workspace, query)
    for model in _models(workspace, path):
        found += _in_model(workspace, model)
    for declared in workspace.one(path, ddl) or ():
        start = workspace.span(Place(path, declared.unit, 0, 0)).start
        found += _in_declared(workspace, path, declared, offset - start)
    return sorted(
        (named for named in found if _holds(workspace.span(named.at), offset)),
        key=lambda named: -shared_folders(named.home.folder, path),
    )


def mentions(workspace: Workspace, wanted: Named) -> Iterator[Place]:
    """Every place that names a table or column, its creation included."""
    name = (wanted.column.name if wanted.column else wanted.table.name).lower()
    asked = workspace.fact(all_queries)
    for path in sorted(workspace.files):
        mentioned: list[Named] = []
        for query in asked.get(path, ()):
            if name in query.text.lower():
                mentioned += _in_query(workspace, query)
        for model in _models(workspace, path):
            mentioned += _in_model(workspace, model)
        for declared in workspace.one(path, ddl) or ():
            mentioned += _in_declared(workspace, path, declared, None)
        yield from (named.at for named in mentioned if named.is_same(wanted))


def _in_query(workspace: Workspace, query: Query) -> Iterator[Named]:
    homes = workspace.fact(database).homes
    for home, statement in itertools.product(homes, query.statements):
        yield from _in_statement(home, query, statement)


def _models(workspace: Workspace, path: str) -> Iterator[Model]:
    return (model for model in workspace.fact(all_models).values() if model.at.path == path)


def _in_model(workspace: Workspace, model: Model) -> Iterator[Named]:
    """The names that a model gives its table and columns, in each schema that has them."""
    for home in workspace.fact(database).homes:
        table = find_table(home.schema, model.table, model.schema)
        if table is None:
            continue
        yield Named(home, table, None, model.at)
        for field in model.fields:
            column = find_column(table, field.column) if field.column else None
            if column is not None and field.at.path == model.at.path:
                yield Named(home, table, column, field.at)


def _in_declared(
    workspace: Workspace, path: str, declared: Declared, offset: int | None
) -> Iterator[Named]:
    """The names in the DDL of a unit; with `offset`, only those of the statement there."""
    for home in workspace.fact(database).homes:
        if path in home.files:
            for statement in declared.statements:
                if offset is None or statement.start <= offset <= statement.end:
                    for action in statement.actions:
                        yield from _in_action(home, Place(path, declared.unit, 0, 0), action)


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _in_statement(home: Home, query: Query, statement: Statement) -> Iterator[Named]:
    resolved = resolve(statement, home.schema)
    tables = home.schema.tables
    for ref, meant in zip(statement.tables, resolved.tables, strict=True):
        if meant.table is not None:
            at = query.place(ref.name_start, ref.name_end)
            yield Named(home, tables[meant.table], None, at)
    for column, found in zip(statement.columns, resolved.columns, strict=True):
        table = tables.get(found.table) if found.state == "column" and found.table else None
        if table is None:
            continue
        stored = find_column(table, column.name)
        if stored is not None:
            at = query.place(column.name_start, column.name_end)
            yield Named(home, table, stored, at)
        if column.qualifier:
            yield Named(home, table, None, query.place(column.start, column.name_start - 1))


def _in_action(home: Home, at: Place, action: Ddl) -> Iterator[Named]:
    """The names in one action of DDL.  Names that are gone at head mean nothing any more."""
    around = getattr(action, "table", None)
    own = _table(home, around) if isinstance(around, TableName) else None
    for part in _parts(action):
        if isinstance(part, TableName):
            table = _table(home, part)
            if table is not None:
                yield Named(home, table, None, _at(at, part.start, part.end))
        elif own is not None and isinstance(part, ColumnDefinition):
            column = find_column(own, part.name)
            if column is not None:
                yield Named(home, own, column, _at(at, part.name_start, part.name_end))
        elif own is not None and isinstance(part, IndexKey) and part.column is not None:
            column = find_column(own, part.column)
            if column is not None:
                end = part.start + len(part.column.encode())
                yield Named(home, own, column, _at(at, part.start, min(end, part.end)))


def _parts(value: object) -> Iterator[msgspec.Struct]:
    """A structure and all structures inside it, queries of views left out."""
    if isinstance(value, Statement | AlterColumn | DropColumn):
        return
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _parts(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _parts(item)


def _table(home: Home, name: TableName) -> Table | None:
    return find_table(home.schema, name.name, name.schema)


def _at(unit: Place, start: int, end: int) -> Place:
    return Place(unit.path, unit.unit, start, end)


def shared_folders(folder: str, path: str) -> int:
    """How many leading folders a schema and a file have in common."""
    pairs = zip(folder.split("/"), path.split("/"), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

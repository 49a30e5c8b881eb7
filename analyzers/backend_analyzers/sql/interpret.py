"""DDL applied to a schema: a pure step from one value to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce

from msgspec.structs import replace

from backend_analyzers.sql.changes import (
    add_index,
    alter_column,
    drop_column,
    drop_constraint,
    made_index,
    rename_in_table,
    rename_index,
    replace_column,
    with_column,
    with_constraint,
)
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    CreateIndex,
    CreateTable,
    CreateType,
    CreateView,
    Ddl,
    DdlStatement,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropSchema,
    DropTable,
    Opaque,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    ReplaceColumn,
    SetSchema,
    SetSearchPath,
    TableName,
)
from backend_analyzers.sql.resolve import output_column, output_names
from backend_analyzers.sql.schema import (
    Schema,
    SchemaColumn,
    Table,
    find_table,
    table_key,
)
from backend_analyzers.sql.statement import Dialect, Statement


def apply(schema: Schema, ddl: DdlStatement | Iterable[DdlStatement], origin: str) -> Schema:
    """The schema after one statement, or after several in order."""
    statements = (ddl,) if isinstance(ddl, DdlStatement) else tuple(ddl)
    for statement in statements:
        for action in statement.actions:
            schema = _apply(schema, action, origin, statement.dialect)
    return schema


def _apply(schema: Schema, action: Ddl, origin: str, dialect: Dialect) -> Schema:
    match action:
        case CreateTable():
            return _create_table(schema, action, origin, dialect)
        case CreateView():
            return _put(schema, _view(schema, action, origin, dialect))
        case DropTable():
            found = _lookup(schema, action.table)
            return _without(schema, found.key) if found else schema
        case DropSchema():
            kept = {k: t for k, t in schema.tables.items() if t.schema != action.name}
            return replace(schema, tables=kept)
        case DropIndex():
            return _each_table(schema, lambda t: _drop_index(t, action))
        case RenameIndex():
            return _each_table(schema, lambda t: rename_index(t, action.index.name, action.name))
        case RenameTable():
            return _rename_table(schema, action, origin, dialect)
        case SetSchema():
            table = _existing(schema, action.table, origin, dialect)
            return _put(_without(schema, table.key), replace(table, schema=action.schema))
        case CreateType():
            return replace(schema, types={**schema.types, action.name: action.values})
        case SetSearchPath():
            path = tuple(name for name in action.schemas if name != "$user")
            return replace(schema, search_path=path or schema.search_path)
        case Opaque():
            return _taint(schema, action, origin, dialect)
        case RenameColumn():
            table = _existing(schema, action.table, origin, dialect)
            return _rename_column(schema, table, action.column, action.name)
        case (
            CreateIndex()
            | AddColumn()
            | DropColumn()
            | AlterColumn()
            | ReplaceColumn()
            | RenameConstraint()
            | AddConstraint()
            | DropConstraint()
        ):
            table = _existing(schema, action.table, origin, dialect)
            return _put(schema, _changed(table, action, origin))
        case _:
            return schema


def _changed(table: Table, action: Ddl, origin: str) -> Table:
    match action:
        case CreateIndex():
            return add_index(table, made_index(table, action, origin))
        case AddColumn():
            if any(column.name == action.column.name for column in table.columns):
                return table
            return with_column(table, action.column, origin)
        case DropColumn():
            return drop_column(table, action.column)
        case AlterColumn():
            return alter_column(table, action)
        case ReplaceColumn():
            return replace_column(table, action, origin)
        case RenameConstraint():
            renamed = rename_index(table, action.constraint, action.name)
            keys = tuple(
                replace(key, name=action.name) if key.name == action.constraint else key
                for key in renamed.foreign_keys
            )
            return replace(renamed, foreign_keys=keys)
        case AddConstraint():
            return with_constraint(table, action.constraint, origin)
        case DropConstraint():
            return drop_constraint(table, action)
        case _:
            return table


def _put(schema: Schema, table: Table) -> Schema:
    return replace(schema, tables={**schema.tables, table.key: table})


def _without(schema: Schema, key: str) -> Schema:
    return replace(schema, tables={k: t for k, t in schema.tables.items() if k != key})


def _lookup(schema: Schema, name: TableName) -> Table | None:
    return find_table(schema, name.name, name.schema)


def _home(schema: Schema, name: TableName) -> str:
    return name.schema or (schema.search_path[0] if schema.search_path else "public")


def _existing(schema: Schema, name: TableName, origin: str, dialect: Dialect) -> Table:
    """The table that DDL changes; one that nobody declared exists nevertheless, with unknown columns."""
    found = _lookup(schema, name)
    if found is not None:
        return found
    return Table(
        name=name.name,
        schema=_home(schema, name),
        kind="table",
        columns=(),
        origin=origin,
        start=name.start,
        end=name.end,
        name_start=name.start,
        name_end=name.end,
        dialect=dialect,
        known=False,
    )


def _create_table(schema: Schema, action: CreateTable, origin: str, dialect: Dialect) -> Schema:
    home = _home(schema, action.table)
    old = schema.tables.get(table_key(home, action.table.name))
    table = Table(
        name=action.table.name,
        schema=home,
        kind="foreign table" if action.foreign else "table",
        columns=(),
        origin=origin,
        start=action.start,
        end=action.end,
        name_start=action.table.start,
        name_end=action.table.end,
        dialect=dialect,
        known=action.known,
        temporary=action.temporary,
        partitioned=action.partitioned,
        partition_of=table_key(action.partition_of.schema, action.partition_of.name)
        if action.partition_of
        else None,
    )
    parents = (*action.inherits, *action.like)
    if action.partition_of is not None:
        parents = (action.partition_of,)
    for parent in parents:
        table = _inherited(schema, table, parent, whole=action.partition_of is not None)
    if action.query is not None or action.query_columns:
        columns = _query_columns(schema, table, action.query, action.query_columns)
        table = replace(table, columns=columns or (), known=columns is not None)
    table = reduce(lambda t, c: with_column(t, c, origin), action.columns, table)
    table = reduce(lambda t, i: add_index(t, made_index(t, i, origin)), action.indexes, table)
    table = reduce(lambda t, c: with_constraint(t, c, origin), action.constraints, table)
    if old is None:
        return _put(schema, table)
    if {c.name for c in old.columns} != {c.name for c in table.columns}:
        return _put(schema, replace(old if action.if_not_exists else table, known=False))
    return schema if action.if_not_exists else _put(schema, table)


def _inherited(schema: Schema, table: Table, parent: TableName, *, whole: bool) -> Table:
    found = _lookup(schema, parent)
    if found is None or not found.known:
        return replace(table, known=False)
    held = {column.name for column in table.columns}
    columns = (*table.columns, *(c for c in found.columns if c.name not in held))
    if not whole:
        return replace(table, columns=columns)
    return replace(table, columns=columns, primary_key=found.primary_key, indexes=found.indexes)


def _view(schema: Schema, action: CreateView, origin: str, dialect: Dialect) -> Table:
    table = Table(
        name=action.view.name,
        schema=_home(schema, action.view),
        kind="materialized view" if action.materialized else "view",
        columns=(),
        origin=origin,
        start=action.start,
        end=action.end,
        name_start=action.view.start,
        name_end=action.view.end,
        dialect=dialect,
        temporary=action.temporary,
    )
    columns = _query_columns(schema, table, action.query, action.columns)
    return replace(table, columns=columns or (), known=columns is not None)


def _query_columns(
    schema: Schema, table: Table, query: Statement | None, names: tuple[str, ...]
) -> tuple[SchemaColumn, ...] | None:
    """The columns of what is made by a query; None when they cannot all be known."""
    given = output_names(query, schema) if query is not None and query.scopes else None
    listed: tuple[str | None, ...] | None = given
    if names:
        rest = given[len(names) :] if given is not None else ()
        listed = (*names, *rest)
    if listed is None or None in listed:
        return None
    stars = query is None or any(o.star for s in query.scopes[:1] for o in s.outputs)
    found: list[SchemaColumn] = []
    for place, name in enumerate(listed):
        base = None if stars or query is None else output_column(query, schema, 0, place)
        found.append(
            SchemaColumn(
                name=name or "",
                type=base.type if base else "",
                nullable=base.nullable if base else True,
                origin=table.origin,
                start=table.start,
                end=table.end,
                name_start=table.name_start,
                name_end=table.name_end,
            )
        )
    return tuple(found)


def _rename_table(schema: Schema, action: RenameTable, origin: str, dialect: Dialect) -> Schema:
    table = _existing(schema, action.table, origin, dialect)
    renamed = replace(table, name=action.name)
    schema = _put(_without(schema, table.key), renamed)

    def follow(other: Table) -> Table:
        keys = tuple(
            replace(key, target=renamed.key) if key.target == table.key else key
            for key in other.foreign_keys
        )
        partition = renamed.key if other.partition_of == table.key else other.partition_of
        return replace(other, foreign_keys=keys, partition_of=partition)

    return _each_table(schema, follow)


def _rename_column(schema: Schema, table: Table, old: str, new: str) -> Schema:
    schema = _put(schema, rename_in_table(table, old, new))

    def follow(other: Table) -> Table:
        if not any(key.target == table.key for key in other.foreign_keys):
            return other
        keys = tuple(
            replace(
                key,
                target_columns=tuple(new if c == old else c for c in key.target_columns),
            )
            if key.target == table.key
            else key
            for key in other.foreign_keys
        )
        return replace(other, foreign_keys=keys)

    return _each_table(schema, follow)


def _drop_index(table: Table, action: DropIndex) -> Table:
    wanted = action.index
    if wanted.schema is not None and wanted.schema != table.schema:
        return table
    if action.table is not None and action.table.name != table.name:
        return table
    kept = tuple(index for index in table.indexes if index.name != wanted.name)
    return table if len(kept) == len(table.indexes) else replace(table, indexes=kept)


def _each_table(schema: Schema, step: Callable[[Table], Table]) -> Schema:
    return replace(schema, tables={key: step(table) for key, table in schema.tables.items()})


def _taint(schema: Schema, action: Opaque, origin: str, dialect: Dialect) -> Schema:
    if action.everything:
        tainted = _each_table(schema, lambda table: replace(table, known=False))
        return replace(tainted, complete=False)
    for name in action.tables:
        table = _existing(schema, name, origin, dialect)
        schema = _put(schema, replace(table, known=False))
    return schema

"""What DDL does to one table: pure steps from a table to the next."""

from __future__ import annotations

from msgspec.structs import replace

from backend_analyzers.sql.ddl import (
    AlterColumn,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    DropConstraint,
    IndexKey,
    Reference,
    ReplaceColumn,
)
from backend_analyzers.sql.expand import index_name
from backend_analyzers.sql.schema import (
    ForeignKey,
    Index,
    SchemaColumn,
    Table,
    indexes_on,
    table_key,
)


def with_column(table: Table, column: ColumnDefinition, origin: str) -> Table:
    """Add a column with the keys that its own constraints make."""
    added = replace(table, columns=(*table.columns, stored_column(column, origin)))
    return with_column_keys(added, column, origin)


def stored_column(column: ColumnDefinition, origin: str) -> SchemaColumn:
    """A declared column as the schema holds it."""
    return SchemaColumn(
        name=column.name,
        type=column.type,
        nullable=column.nullable,
        origin=origin,
        start=column.start,
        end=column.end,
        name_start=column.name_start,
        name_end=column.name_end,
        default=column.default,
        generated=column.generated,
    )


def with_column_keys(table: Table, column: ColumnDefinition, origin: str) -> Table:
    """Add the primary key, uniqueness and foreign key that a column declares."""
    span = (column.start, column.end)
    names = (column.name,)
    if column.primary_key:
        name = column.constraint_name("primary key")
        table = with_constraint(table, Constraint("primary key", name, names, *span), origin)
    if column.unique:
        name = column.constraint_name("unique")
        table = with_constraint(table, Constraint("unique", name, names, *span), origin)
    if column.references is not None:
        name = column.constraint_name("foreign key")
        key = Constraint("foreign key", name, names, *span, reference=column.references)
        table = with_constraint(table, key, origin)
    return table


def with_constraint(table: Table, added: Constraint, origin: str) -> Table:
    """Add a key; checks and exclusions change nothing that is kept."""
    if added.kind == "foreign key" and added.reference is not None:
        return _with_foreign_key(table, added, added.reference, origin)
    if added.kind not in {"primary key", "unique"}:
        return table
    columns = added.columns
    if added.index is not None:
        existing = next((i for i in table.indexes if i.name == added.index), None)
        columns = existing.columns if existing else ()
        table = replace(table, indexes=tuple(i for i in table.indexes if i is not existing))
    if not columns:
        return table
    if added.kind == "primary key":
        table = replace(
            table,
            primary_key=columns,
            columns=tuple(
                replace(c, nullable=False) if c.name in columns else c for c in table.columns
            ),
        )
    suffix = "pkey" if added.kind == "primary key" else "key"
    parts = () if added.kind == "primary key" else columns
    index = Index(
        name=added.name or added.index or index_name(table.name, parts, suffix),
        keys=tuple(IndexKey(name, name, added.start, added.end) for name in columns),
        unique=True,
        kind="primary key" if added.kind == "primary key" else "unique",
        origin=origin,
        start=added.start,
        end=added.end,
    )
    return add_index(table, index)


def _with_foreign_key(table: Table, added: Constraint, reference: Reference, origin: str) -> Table:
    key = ForeignKey(
        name=added.name or index_name(table.name, added.columns, "fkey"),
        columns=added.columns,
        target=table_key(reference.table.schema or table.schema, reference.table.name),
        target_columns=reference.columns,
        origin=origin,
        start=added.start,
        end=added.end,
        on_delete=reference.on_delete,
        on_update=reference.on_update,
    )
    kept = tuple(old for old in table.foreign_keys if old.name != key.name)
    table = replace(table, foreign_keys=(*kept, key))
    if table.dialect == "mysql" and not indexes_on(table, added.columns):
        keys = tuple(IndexKey(name, name, added.start, added.end) for name in added.columns)
        span = (added.start, added.end)
        return add_index(table, Index(key.name, keys, False, "foreign key", origin, *span))
    return table


def made_index(table: Table, action: CreateIndex, origin: str) -> Index:
    """The index that CREATE INDEX makes, with the name that it gets when it has none."""
    columns = [key.column or "expr" for key in action.keys]
    return Index(
        name=action.name or index_name(table.name, columns),
        keys=action.keys,
        unique=action.unique,
        kind="index",
        origin=origin,
        start=action.start,
        end=action.end,
        method=action.method,
        include=action.include,
        where=action.where,
    )


def add_index(table: Table, index: Index) -> Table:
    """Add an index; one of the same name is there already."""
    if any(old.name == index.name for old in table.indexes):
        return table
    return replace(table, indexes=(*table.indexes, index))


def drop_column(table: Table, name: str) -> Table:
    """Drop a column and every key and index that has it."""
    primary = table.primary_key
    return replace(
        table,
        columns=tuple(c for c in table.columns if c.name != name),
        primary_key=None if primary is not None and name in primary else primary,
        indexes=tuple(
            index
            for index in table.indexes
            if all(key.column != name and name not in key.columns for key in index.keys)
        ),
        foreign_keys=tuple(key for key in table.foreign_keys if name not in key.columns),
    )


def alter_column(table: Table, action: AlterColumn) -> Table:
    """Change what ALTER COLUMN names and nothing else."""
    return replace(
        table,
        columns=tuple(
            _altered(column, action) if column.name == action.column else column
            for column in table.columns
        ),
    )


def _altered(column: SchemaColumn, action: AlterColumn) -> SchemaColumn:
    default = None if action.drop_default else action.default or column.default
    return replace(
        column,
        type=column.type if action.type is None else action.type,
        nullable=column.nullable if action.nullable is None else action.nullable,
        default=default,
        generated=column.generated if action.generated is None else action.generated,
    )


def replace_column(table: Table, action: ReplaceColumn, origin: str) -> Table:
    """MySQL's MODIFY and CHANGE."""
    new = stored_column(action.definition, origin)
    table = rename_in_table(table, action.column, new.name)
    columns = tuple(new if column.name == new.name else column for column in table.columns)
    return with_column_keys(replace(table, columns=columns), action.definition, origin)


def drop_constraint(table: Table, action: DropConstraint) -> Table:
    """Drop a key with the index that it implied."""
    name = action.constraint
    dropped = [
        index
        for index in table.indexes
        if (index.name == name and index.kind != "index")
        or (action.kind == "primary key" and index.kind == "primary key")
    ]
    no_primary = any(index.kind == "primary key" for index in dropped)
    return replace(
        table,
        primary_key=None if no_primary else table.primary_key,
        indexes=tuple(index for index in table.indexes if index not in dropped),
        foreign_keys=tuple(key for key in table.foreign_keys if key.name != name),
    )


def rename_index(table: Table, old: str, new: str) -> Table:
    """Rename an index, also one of a constraint."""
    return replace(
        table,
        indexes=tuple(
            replace(index, name=new) if index.name == old else index for index in table.indexes
        ),
    )


def rename_in_table(table: Table, old: str, new: str) -> Table:
    """Rename a column in the table itself, its keys and its indexes."""
    if old == new:
        return table

    def names(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if column == old else column for column in columns)

    return replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        primary_key=names(table.primary_key) if table.primary_key else table.primary_key,
        indexes=tuple(
            replace(
                index,
                include=names(index.include),
                keys=tuple(
                    replace(
                        key,
                        column=new if key.column == old else key.column,
                        columns=names(key.columns),
                    )
                    for key in index.keys
                ),
            )
            for index in table.indexes
        ),
        foreign_keys=tuple(replace(k, columns=names(k.columns)) for k in table.foreign_keys),
    )

"""A database schema as a value, and what one can ask of it.

Whoever builds a schema applies DDL in order (``interpret.apply``) and says where each piece came
from with an ``origin``, any string, that is kept beside the byte spans and never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from backend_analyzers.sql.ddl import IndexKey
from backend_analyzers.sql.statement import Dialect


class SchemaColumn(msgspec.Struct, frozen=True, gc=False):
    """A column at head. The span covers its definition, in the text that ``origin`` names."""

    name: str
    type: str
    nullable: bool
    origin: str
    start: int
    end: int
    name_start: int
    name_end: int
    default: str | None = None
    generated: str = ""


class Index(msgspec.Struct, frozen=True, gc=False):
    """An index, also one that a key implies (then ``kind`` says which)."""

    name: str
    keys: tuple[IndexKey, ...]
    unique: bool
    kind: Literal["index", "primary key", "unique", "foreign key"]
    origin: str
    start: int
    end: int
    method: str = "btree"
    include: tuple[str, ...] = ()
    where: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns from the left, up to the first expression."""
        found: list[str] = []
        for key in self.keys:
            if key.column is None:
                break
            found.append(key.column)
        return tuple(found)

    @property
    def plain(self) -> bool:
        """Whether it covers all rows and has only columns as keys."""
        return self.where is None and len(self.columns) == len(self.keys)


class ForeignKey(msgspec.Struct, frozen=True, gc=False):
    """``target`` is a key of ``Schema.tables`` if that table is known; no ``target_columns`` means its primary key."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    origin: str
    start: int
    end: int
    on_delete: str = ""
    on_update: str = ""


class Table(msgspec.Struct, frozen=True, gc=False):
    """``known`` is False when there may be columns, keys or indexes that could not be read."""

    name: str
    schema: str
    kind: Literal["table", "view", "materialized view", "foreign table"]
    columns: tuple[SchemaColumn, ...]
    origin: str
    start: int
    end: int
    name_start: int
    name_end: int
    dialect: Dialect = "postgresql"
    primary_key: tuple[str, ...] | None = None
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    known: bool = True
    temporary: bool = False
    partitioned: bool = False
    partition_of: str | None = None

    @property
    def key(self) -> str:
        """The name under which the schema holds it."""
        return table_key(self.schema, self.name)

    @property
    def label(self) -> str:
        """The name for people: without the default schema."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


class Schema(msgspec.Struct, frozen=True, gc=False):
    """``complete`` is False when there may be tables that could not be read."""

    tables: Mapping[str, Table] = {}
    types: Mapping[str, tuple[str, ...]] = {}
    search_path: tuple[str, ...] = ("public",)
    complete: bool = True


def table_key(schema: str | None, name: str) -> str:
    """The key of a table in ``Schema.tables``."""
    return f"{schema or 'public'}.{name}"


def find_table(schema: Schema, name: str, namespace: str | None = None) -> Table | None:
    """The table that a name means.

    Without a namespace the search path is tried; then, since a connection may set another path, the
    only table of that name in any schema. MySQL and SQLite names match in any case.
    """
    if namespace is not None:
        found = schema.tables.get(table_key(namespace, name))
        return found or _insensitive(schema, name, namespace)
    for candidate in (*schema.search_path, "public"):
        found = schema.tables.get(table_key(candidate, name))
        if found is not None:
            return found
    same = [table for table in schema.tables.values() if table.name == name]
    return same[0] if len(same) == 1 else _insensitive(schema, name, None)


def find_column(table: Table, name: str) -> SchemaColumn | None:
    """The column that a folded name means."""
    for column in table.columns:
        if column.name == name:
            return column
    if table.dialect != "postgresql":
        lowered = name.lower()
        for column in table.columns:
            if column.name.lower() == lowered:
                return column
    return None


def indexes_on(table: Table, columns: Sequence[str]) -> tuple[Index, ...]:
    """The indexes that begin with these columns, in any order among themselves.

    Partial indexes and expressions are among them only by their plain leading columns.
    """
    wanted = set(columns)
    return tuple(index for index in table.indexes if set(index.columns[: len(wanted)]) == wanted)


def is_unique(table: Table, columns: Sequence[str]) -> bool:
    """Whether no two rows can agree on these columns (NULLs aside)."""
    given = set(columns)
    return any(
        index.unique and index.plain and set(index.columns) <= given for index in table.indexes
    )


def _insensitive(schema: Schema, name: str, namespace: str | None) -> Table | None:
    lowered = name.lower()
    found = [
        table
        for table in schema.tables.values()
        if table.dialect != "postgresql"
        and table.name.lower() == lowered
        and (namespace is None or table.schema.lower() == namespace.lower())
    ]
    return found[0] if len(found) == 1 else None

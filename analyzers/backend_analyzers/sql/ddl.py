"""DDL as values, and the reading of them out of a text.

Names are folded as in ``statement``; offsets are bytes of the text that was parsed. What could
change a schema but cannot be read is ``Opaque``, which says what it may touch.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.sql.statement import Dialect, Statement


class TableName(msgspec.Struct, frozen=True, gc=False):
    """A table as DDL names it; the span is that of its last name."""

    name: str
    schema: str | None
    start: int
    end: int


class Reference(msgspec.Struct, frozen=True, gc=False):
    """What a foreign key points to; no columns means the primary key."""

    table: TableName
    columns: tuple[str, ...] = ()
    on_delete: str = ""
    on_update: str = ""


class ColumnDefinition(msgspec.Struct, frozen=True, gc=False):
    """A column as declared. ``type`` is normalised (``integer``, ``character varying(20)``), ``type_text`` as written."""

    name: str
    type_text: str
    type: str
    nullable: bool
    start: int
    end: int
    name_start: int
    name_end: int
    default: str | None = None
    primary_key: bool = False
    unique: bool = False
    references: Reference | None = None
    generated: Literal["", "identity", "stored", "virtual"] = ""
    quoted: bool = False
    constraint_names: tuple[tuple[str, str], ...] = ()

    def constraint_name(self, kind: str) -> str | None:
        """The name that the declaration gives a constraint of this kind."""
        return dict(self.constraint_names).get(kind)


class Constraint(msgspec.Struct, frozen=True, gc=False):
    """A table constraint; ``index`` names an existing index that it uses."""

    kind: Literal["primary key", "unique", "foreign key", "check", "exclude"]
    name: str | None
    columns: tuple[str, ...]
    start: int
    end: int
    reference: Reference | None = None
    text: str = ""
    index: str | None = None
    valid: bool = True


class IndexKey(msgspec.Struct, frozen=True, gc=False):
    """One key of an index: a column, or an expression of which ``text`` is the source."""

    column: str | None
    text: str
    start: int
    end: int
    descending: bool = False
    nulls: Literal["", "first", "last"] = ""
    opclass: str = ""
    collation: str = ""
    columns: tuple[str, ...] = ()


class CreateTable(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """``known`` is False when a part of the definition was not understood."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]
    start: int
    end: int
    if_not_exists: bool = False
    temporary: bool = False
    inherits: tuple[TableName, ...] = ()
    like: tuple[TableName, ...] = ()
    partition_of: TableName | None = None
    partitioned: bool = False
    query: Statement | None = None
    query_columns: tuple[str, ...] = ()
    indexes: tuple[CreateIndex, ...] = ()
    foreign: bool = False
    known: bool = True


class CreateIndex(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    name: str | None
    schema: str | None
    table: TableName
    keys: tuple[IndexKey, ...]
    start: int
    end: int
    unique: bool = False
    method: str = "btree"
    include: tuple[str, ...] = ()
    where: str | None = None
    concurrently: bool = False
    if_not_exists: bool = False
    nulls_not_distinct: bool = False


class DropTable(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    start: int
    end: int
    if_exists: bool = False
    cascade: bool = False
    kind: Literal["table", "view", "materialized view", "foreign table"] = "table"


class DropIndex(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """``table`` is set where the dialect names it (MySQL)."""

    index: TableName
    start: int
    end: int
    table: TableName | None = None
    concurrently: bool = False
    if_exists: bool = False


class AddColumn(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    column: ColumnDefinition
    start: int
    end: int
    if_not_exists: bool = False


class DropColumn(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    column: str
    start: int
    end: int
    if_exists: bool = False
    cascade: bool = False


class AlterColumn(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """Only what changes is not None. ``default`` is the new text; ``drop_default`` removes it."""

    table: TableName
    column: str
    start: int
    end: int
    type_text: str | None = None
    type: str | None = None
    nullable: bool | None = None
    default: str | None = None
    drop_default: bool = False
    generated: Literal["", "identity"] | None = None


class ReplaceColumn(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """MySQL's MODIFY and CHANGE: the whole definition anew, maybe under a new name."""

    table: TableName
    column: str
    definition: ColumnDefinition
    start: int
    end: int


class RenameTable(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    name: str
    start: int
    end: int


class RenameColumn(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    column: str
    name: str
    start: int
    end: int


class RenameConstraint(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    constraint: str
    name: str
    start: int
    end: int


class RenameIndex(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    index: TableName
    name: str
    start: int
    end: int


class AddConstraint(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    constraint: Constraint
    start: int
    end: int


class DropConstraint(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """``kind`` is set where the dialect drops by kind (MySQL's DROP PRIMARY KEY, DROP FOREIGN KEY)."""

    table: TableName
    constraint: str
    start: int
    end: int
    kind: Literal["", "primary key", "foreign key"] = ""


class SetSchema(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    table: TableName
    schema: str
    start: int
    end: int


class CreateView(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """``columns`` is empty when the names are those of the query."""

    view: TableName
    columns: tuple[str, ...]
    query: Statement | None
    start: int
    end: int
    materialized: bool = False
    replace: bool = False
    temporary: bool = False


class CreateType(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """``values`` are the labels of an enum, as source text."""

    name: str
    schema: str | None
    kind: Literal["enum", "composite", "domain", "other"]
    values: tuple[str, ...]
    start: int
    end: int


class CreateSchema(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    name: str
    start: int
    end: int


class DropSchema(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    name: str
    start: int
    end: int


class SetSearchPath(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    schemas: tuple[str, ...]
    start: int
    end: int


class Opaque(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="ddl"):
    """Something that could change these tables, or with ``everything`` any table, in unknown ways."""

    tables: tuple[TableName, ...]
    everything: bool
    start: int
    end: int


Ddl = (
    CreateTable
    | CreateIndex
    | DropTable
    | DropIndex
    | AddColumn
    | DropColumn
    | AlterColumn
    | ReplaceColumn
    | RenameTable
    | RenameColumn
    | RenameConstraint
    | RenameIndex
    | AddConstraint
    | DropConstraint
    | SetSchema
    | CreateView
    | CreateType
    | CreateSchema
    | DropSchema
    | SetSearchPath
    | Opaque
)


class DdlStatement(msgspec.Struct, frozen=True, gc=False):
    """One statement with its actions in order (ALTER TABLE may have many)."""

    dialect: Dialect
    start: int
    end: int
    actions: tuple[Ddl, ...]
    complete: bool = True

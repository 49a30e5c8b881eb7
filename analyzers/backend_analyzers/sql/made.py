"""DDL as values for what is not written as SQL: models, and migrations in a tool's own words."""

from __future__ import annotations

from collections.abc import Sequence

from backend_analyzers.sql.ddl import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    IndexKey,
    Reference,
    TableName,
)
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.sql.types import SERIAL, normalised_type

Range = tuple[int, int]


def made_table(name: str, at: Range, schema: str | None = None) -> TableName:
    """A table by its exact name; `schema.name` where the schema is part of it."""
    if schema is None and "." in name:
        schema, _, name = name.rpartition(".")
    return TableName(name, schema, *at)


def made_column(
    name: str,
    type_text: str,
    at: Range,
    named: Range | None = None,
    *,
    nullable: bool = True,
    default: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    references: Reference | None = None,
    identity: bool = False,
) -> ColumnDefinition:
    """A column; a serial one has its default, and is not null."""
    is_serial = type_text.partition("(")[0].strip().lower() in SERIAL
    return ColumnDefinition(
        name=name,
        type_text=type_text,
        type=normalised_type(type_text),
        nullable=nullable and not (primary_key or is_serial or identity),
        start=at[0],
        end=at[1],
        name_start=(named or at)[0],
        name_end=(named or at)[1],
        default=default or ("nextval()" if is_serial else None),
        primary_key=primary_key,
        unique=unique,
        references=references,
        generated="identity" if identity else "",
        quoted=True,
    )


def made_key(
    columns: Sequence[str], at: Range, name: str | None = None, *, primary: bool = False
) -> Constraint:
    """A primary key, or a unique constraint."""
    return Constraint("primary key" if primary else "unique", name, tuple(columns), *at)


def made_foreign_key(
    columns: Sequence[str],
    target: TableName,
    targets: Sequence[str],
    at: Range,
    name: str | None = None,
    *,
    on_delete: str = "",
    on_update: str = "",
) -> Constraint:
    """A foreign key; no targets means the primary key.  The actions are in words: `set null`."""
    reference = Reference(target, tuple(targets), _action(on_delete), _action(on_update))
    return Constraint("foreign key", name, tuple(columns), *at, reference=reference)


def made_index(
    name: str | None,
    table: TableName,
    columns: Sequence[str],
    at: Range,
    *,
    unique: bool = False,
    descending: Sequence[str] = (),
    method: str = "btree",
    where: str | None = None,
    concurrently: bool = False,
) -> CreateIndex:
    """An index of plain columns."""
    keys = tuple(
        IndexKey(column, quoted_name(column, "postgresql"), *at, descending=column in descending)
        for column in columns
    )
    return CreateIndex(
        name,
        None,
        table,
        keys,
        *at,
        unique=unique,
        method=method,
        where=where,
        concurrently=concurrently,
    )


def text_literal(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def quoted_name(name: str, dialect: Dialect) -> str:
    """A name as it is, whatever its letters."""
    sign = "`" if dialect == "mysql" else '"'
    return f"{sign}{name.replace(sign, sign * 2)}{sign}"


def _action(written: str) -> str:
    return written.strip().lower().replace("_", " ")

"""The models of object-relational mappers: which class is which table, and which attribute which column.

One module for each mapper reads what a file says (`file_fact`s) and puts the files together (a
workspace fact `models(workspace) -> Mapping[str, Model]`); `all_models` joins them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import CreateIndex, CreateTable, CreateType

Mapper = Literal["sqlalchemy", "django", "prisma", "typeorm", "sequelize"]


class Field(msgspec.Struct, frozen=True, gc=False):
    """An attribute of a model: a column, a way to other rows, or both.

    `column` is "" for a relation that is no column of this table, and `type` is then empty.  `at` is
    the name where it is declared, which may be another class (a mixin) than the model's own.
    """

    name: str
    at: Place
    column: str = ""
    type: str = ""
    """As `SchemaColumn.type`: `bigint`, `character varying(20)`; "" when it is not known."""
    nullable: bool = True
    relation: str = ""
    """The key of the model that it leads to; "" for none, "?" for one that is not known."""
    many: bool = False
    """Whether it leads to any number of rows."""
    join: tuple[tuple[str, str], ...] = ()
    """The columns that are equal: (of this table, of the other)."""
    through: str = ""
    """The table between the two, for many-to-many."""
    loading: Literal["lazy", "eager", "none"] = "lazy"
    """When a relation's rows are read, as the model declares it."""


class Model(msgspec.Struct, frozen=True, gc=False):
    """One mapped class, with what it inherits.

    `known` is False when there may be fields that could not be read.
    """

    key: str
    """What code calls it: the dotted name of the class (`app.models.Order`), or `Order` in Prisma."""
    mapper: Mapper
    table: str
    at: Place
    """The name of the class where it is declared."""
    fields: tuple[Field, ...]
    create: CreateTable
    """Its table as DDL; spans are those of `at`'s unit where they have one."""
    indexes: tuple[CreateIndex, ...] = ()
    schema: str | None = None
    known: bool = True
    managed: bool = True
    """Whether the mapper's migrations make the table."""
    label: str = ""
    """Another name that code may use: Django's `shop.Order`."""
    types: tuple[CreateType, ...] = ()
    """The enums that are made with the table."""

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

"""What Django makes of a model in PostgreSQL: its table, its keys, its indexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from backend_analyzers.facts.django.declared_indexes import (
    OneTable,
    constraint,
    declared_index,
    index_together,
    plain_key,
    table_name,
    unique_together,
)
from backend_analyzers.facts.django.expressions import expression
from backend_analyzers.facts.django.names import foreign_key_name, index_name
from backend_analyzers.facts.django.shapes import (
    DjangoField,
    Shape,
    Shapes,
    has_default,
    referred,
    type_of,
)
from backend_analyzers.facts.django.written import (
    is_certain,
    literal,
    text_of,
)
from backend_analyzers.libraries.django_fields import AUTOMATIC, POSITIVE
from backend_analyzers.sql.ddl import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    Reference,
)
from backend_analyzers.sql.names import quoted

Span = tuple[int, int]


def column_definition(
    shape: Shape, field: DjangoField, shapes: Shapes, span: Span, *, default: bool = False
) -> ColumnDefinition:
    """The column of a field; with `default` that of a row which is there already."""
    found = type_of(field, shapes)
    names: tuple[tuple[str, str], ...] = ()
    reference = None
    other = referred(field, shapes) if field.constrained else None
    if other is not None:
        target = shapes[field.to]
        name = foreign_key_name(shape.table, field.column, target.table, other.column)
        names = (("foreign key", name),)
        reference = Reference(table_name(target.table, span), (other.column,))
    return ColumnDefinition(
        name=field.column,
        type_text=found,
        type=found,
        nullable=field.nullable,
        start=span[0],
        end=span[1],
        name_start=span[0],
        name_end=span[1],
        default=_default(field, found) if default else _database_default(field, shape),
        primary_key=field.primary,
        unique=field.unique and not field.primary,
        references=reference,
        generated=_generated(field),
        constraint_names=names,
    )


def _generated(field: DjangoField) -> Literal["", "identity", "stored", "virtual"]:
    if field.kind in AUTOMATIC:
        return "identity"
    if field.kind == "GeneratedField":
        return "virtual" if field.value("db_persist") is False else "stored"
    return ""


def _database_default(field: DjangoField, shape: Shape) -> str | None:
    given = field.options.get("db_default")
    if field.kind == "GeneratedField":
        given = field.options.get("expression")
        found = expression(given, OneTable(shape)) if given is not None else None
        return text_of(found) if found is not None and is_certain(found) else None
    if given is None:
        return None
    if given.kind == "constant":
        return literal(given.value)
    found = expression(given, OneTable(shape))
    return text_of(found) if found is not None and is_certain(found) else None


_EXAMPLES = (
    ("timestamp", "'2000-01-01 00:00:00+00'"),
    ("date", "'2000-01-01'"),
    ("time", "'00:00:00'"),
    ("uuid", "'00000000-0000-0000-0000-000000000000'"),
    ("jsonb", "'{}'"),
    ("boolean", "false"),
    ("interval", "'0'"),
    ("inet", "'0.0.0.0'"),
    ("integer", "0"),
    ("bigint", "0"),
    ("smallint", "0"),
    ("numeric", "0"),
    ("double precision", "0"),
)
"""Constants of each type: what Django computes in Python is a constant when the statement is written."""


def _default(field: DjangoField, type_: str) -> str | None:
    """The default that fills the new column of old rows; Django drops it right after."""
    in_database = field.options.get("db_default")
    if in_database is not None and in_database.kind == "constant":
        return literal(in_database.value)
    if field.kind == "GeneratedField" or not has_default(field):
        return None
    given = field.options.get("default")
    if given is not None and given.kind == "constant":
        return literal(given.value)
    if type_.endswith("[]"):
        return "'{}'"
    return next((text for start, text in _EXAMPLES if type_.startswith(start)), "''")


def create_table(shape: Shape, shapes: Shapes, span: Span) -> CreateTable:
    """The table of a model, with its constraints and without its indexes."""
    fields = [field for field in shape.fields if field.has_column]
    constraints = [one for field in fields if (one := positive_check(shape, field, span))]
    constraints += [
        unique_together(shape, fields_, span) for fields_ in shape.unique_together if fields_
    ]
    constraints += [
        found
        for one in shape.constraints
        if isinstance(found := constraint(shape, one, span), Constraint)
    ]
    composite = next((f for f in shape.fields if f.kind == "CompositePrimaryKey"), None)
    if composite is not None:
        names = tuple(str(one.value) for one in composite.options["fields"].parts)
        columns = tuple(shape.column(name) for name in names)
        constraints.append(Constraint("primary key", None, columns, *span))
    return CreateTable(
        table=table_name(shape.table, span),
        columns=tuple(column_definition(shape, field, shapes, span) for field in fields),
        constraints=tuple(constraints),
        start=span[0],
        end=span[1],
        known=shape.known,
    )


def indexes(shape: Shape, shapes: Shapes, span: Span) -> Iterator[CreateIndex]:
    """Every index of a model that is no key."""
    for field in shape.fields:
        if field.has_column:
            yield from field_indexes(shape, field, shapes, span)
    for together in shape.index_together:
        yield index_together(shape, together, span)
    for one in shape.indexes:
        found = declared_index(shape, one, span)
        if found is not None:
            yield found
    for one in shape.constraints:
        found_one = constraint(shape, one, span)
        if isinstance(found_one, CreateIndex):
            yield found_one


def positive_check(shape: Shape, field: DjangoField, span: Span) -> Constraint | None:
    """The check of a field that is not negative."""
    if field.kind not in POSITIVE:
        return None
    name = f"{shape.table}_{field.column}_check"
    return Constraint("check", name, (field.column,), *span, text=f"{quoted(field.column)} >= 0")


def field_indexes(
    shape: Shape, field: DjangoField, shapes: Shapes, span: Span
) -> Iterator[CreateIndex]:
    """The indexes that follow from a field's own options."""
    table = table_name(shape.table, span)
    if field.indexed:
        name = index_name(shape.table, (field.column,))
        yield CreateIndex(name, None, table, (plain_key(field.column, span),), *span)
    if field.indexed or field.unique:
        found = type_of(field, shapes)
        opclass = _like_class(found)
        if opclass and "db_collation" not in field.options:
            name = index_name(shape.table, (field.column,), "_like")
            yield CreateIndex(name, None, table, (plain_key(field.column, span, opclass),), *span)


def _like_class(type_: str) -> str:
    """The operator class of the index by which Django finds beginnings of texts."""
    if type_.endswith("[]"):
        return ""
    if type_.startswith("character varying"):
        return "varchar_pattern_ops"
    return "text_pattern_ops" if type_ == "text" else ""

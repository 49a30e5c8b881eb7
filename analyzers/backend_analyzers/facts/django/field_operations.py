"""The operations on fields: `AddField`, `RenameField` and their like."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from backend_analyzers.facts.django.alter import alter_field, table_renamed
from backend_analyzers.facts.django.declared_indexes import table_name
from backend_analyzers.facts.django.shapes import DjangoField, Shape
from backend_analyzers.facts.django.state import renamed_field, with_field, without_field
from backend_analyzers.facts.django.step import Step, Unreadable, has_table
from backend_analyzers.facts.django.tables import (
    column_definition,
    create_table,
    field_indexes,
    indexes,
    positive_check,
)
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Ddl,
    DropColumn,
    DropTable,
    Opaque,
    RenameColumn,
)


def add_field(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    call = step.term.argument("field", 2)
    if call is None:
        raise Unreadable
    field = step.field(shape.label, step.text("name", 1), call)
    kept = _kept(step.term, field)
    shape = with_field(shape, kept)
    step.state.put(shape if field.kind != "?" else replace(shape, known=False))
    if not has_table(shape):
        return
    if field.kind == "ManyToManyField":
        yield from join_table(step, shape, field)
        return
    yield from added_column(step, shape, field)


def added_column(step: Step, shape: Shape, field: DjangoField) -> Iterator[Ddl]:
    """A new column with all that comes with it."""
    if not field.has_column:
        return
    table, span = table_name(shape.table, step.span), step.span
    step.state.note_field(shape, field, inline=True)
    column = column_definition(shape, field, step.state.shapes, span, default=True)
    yield AddColumn(table, column, *span)
    if column.default is not None and "db_default" not in field.options:
        yield AlterColumn(table, column.name, *span, drop_default=True)
    check = positive_check(shape, field, span)
    if check is not None:
        yield AddConstraint(table, check, *span)
    yield from field_indexes(shape, field, step.state.shapes, span)
    if field.kind == "?":
        yield Opaque((table,), everything=False, start=span[0], end=span[1])


def _kept(term: Term, field: DjangoField) -> DjangoField:
    """The field without a default that was only for the rows of that day."""
    preserve = term.argument("preserve_default", 3)
    if preserve is None or preserve.value is not False:
        return field
    options = {name: value for name, value in field.options.items() if name != "default"}
    return replace(field, options=options)


def remove_field(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    field = shape.field(step.text("name", 1))
    if field is None:
        raise Unreadable
    between = step.state.between(shape, field)
    step.state.put(without_field(shape, field.name))
    if not has_table(shape):
        return
    if between is not None:
        step.state.shapes.pop(between.label, None)
        yield DropTable(table_name(between.table, step.span), *step.span, cascade=True)
    elif field.has_column:
        yield DropColumn(table_name(shape.table, step.span), field.column, *step.span, cascade=True)


def alter_field_operation(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    call = step.term.argument("field", 2)
    old = shape.field(step.text("name", 1))
    if call is None or old is None:
        raise Unreadable
    new = step.field(shape.label, old.name, call)
    after = with_field(shape, _kept(step.term, new))
    step.state.put(after if new.kind != "?" else replace(after, known=False))
    if has_table(shape):
        yield from alter_field(step.state, shape, old, new, step.span)


def rename_field(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    old, new = step.text("old_name", 1), step.text("new_name", 2)
    field = shape.field(old)
    if field is None:
        raise Unreadable
    before = step.state.between(shape, field)
    after = renamed_field(shape, old, new)
    step.state.put(after)
    for other in list(step.state.shapes.values()):
        for one in other.fields:
            if one.to == shape.label and one.value("to_field") == old:
                options = {**one.options, "to_field": Term("constant", 0, 0, value=new)}
                step.state.put(with_field(other, replace(one, options=options)))
    renamed = after.field(new)
    if renamed is None or not has_table(shape):
        return
    if before is not None:
        step.state.shapes.pop(before.label, None)
        between = step.state.between(after, renamed)
        if between is not None:
            step.state.put(between)
            yield from table_renamed(before.table, between.table, step.span)
    elif field.has_column and field.column != renamed.column:
        step.state.rename_column(shape.label, field.column, renamed.column)
        yield RenameColumn(
            table_name(shape.table, step.span), field.column, renamed.column, *step.span
        )


def made_table(step: Step, shape: Shape) -> Iterator[Ddl]:
    for field in shape.fields:
        step.state.note_field(shape, field, inline=True)
    yield create_table(shape, step.state.shapes, step.span)
    yield from indexes(shape, step.state.shapes, step.span)


def join_table(step: Step, shape: Shape, field: DjangoField) -> Iterator[Ddl]:
    between = step.state.between(shape, field)
    if between is not None:
        step.state.put(between)
        yield from made_table(step, between)

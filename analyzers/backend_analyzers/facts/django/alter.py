"""`AlterField`: what Django changes in the database when a field changes.

After `BaseDatabaseSchemaEditor._alter_field` and what PostgreSQL's editor adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.django.declared_indexes import table_name
from backend_analyzers.facts.django.names import index_name
from backend_analyzers.facts.django.shapes import DjangoField, Shape, has_default, type_of
from backend_analyzers.facts.django.state import State
from backend_analyzers.facts.django.tables import (
    column_definition,
    create_table,
    field_indexes,
    indexes,
    positive_check,
)
from backend_analyzers.libraries.django_fields import AUTOMATIC, POSITIVE
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Constraint,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Opaque,
    RenameColumn,
    RenameTable,
)

Span = tuple[int, int]


def alter_field(
    state: State, shape: Shape, old: DjangoField, new: DjangoField, span: Span
) -> Iterator[Ddl]:
    """The statements that turn one field of a model into another; the state has the new one."""
    table = table_name(shape.table, span)
    if old.kind == "ManyToManyField" or new.kind == "ManyToManyField":
        yield from _alter_many(state, shape, old, new, span)
        return
    if not old.has_column or not new.has_column:
        if new.has_column:
            yield AddColumn(
                table, column_definition(shape, new, state.shapes, span, default=True), *span
            )
        elif old.has_column:
            yield DropColumn(table, old.column, *span, cascade=True)
        return
    if "?" in {old.kind, new.kind}:
        yield Opaque((table,), everything=False, start=span[0], end=span[1])
    if old.column != new.column:
        state.rename_column(shape.label, old.column, new.column)
        yield RenameColumn(table, old.column, new.column, *span)
    yield from _dropped(state, shape, old, new, span)
    yield from _changed(state, shape, old, new, span)
    yield from _added(state, shape, old, new, span)


def _alter_many(
    state: State, shape: Shape, old: DjangoField, new: DjangoField, span: Span
) -> Iterator[Ddl]:
    before, after = state.between(shape, old), state.between(shape, new)
    if before is not None and after is not None:
        state.put(after)
        yield from table_renamed(before.table, after.table, span)
        return
    if before is not None:
        state.shapes.pop(before.label, None)
        yield DropTable(table_name(before.table, span), *span, cascade=True)
    if after is not None:
        state.put(after)
        yield create_table(after, state.shapes, span)
        yield from indexes(after, state.shapes, span)


def _dropped(
    state: State, shape: Shape, old: DjangoField, new: DjangoField, span: Span
) -> Iterator[Ddl]:
    """What the old field had and the new one has not."""
    table, columns = table_name(shape.table, span), (new.column,)
    if old.constrained and (not new.constrained or old.to != new.to):
        name = state.name(shape, "foreign key", columns)
        yield DropConstraint(table, name, *span, kind="foreign key")
    if old.unique and not old.primary and (not new.unique or new.primary):
        yield DropConstraint(table, state.name(shape, "unique", columns), *span)
    if old.indexed and not new.indexed:
        yield DropIndex(table_name(state.name(shape, "index", columns), span), *span)
    had = [one.name for one in field_indexes(shape, old, state.shapes, span) if _is_like(one.name)]
    has = [one.name for one in field_indexes(shape, new, state.shapes, span) if _is_like(one.name)]
    if had and not has:
        yield DropIndex(table_name(state.name(shape, "like", columns), span), *span, if_exists=True)
    if old.kind in POSITIVE and new.kind not in POSITIVE:
        yield DropConstraint(table, f"{shape.table}_{old.column}_check", *span)
    if old.primary and not new.primary:
        yield DropConstraint(table, f"{shape.table}_pkey", *span, kind="primary key")


def _is_like(name: str | None) -> bool:
    return name is not None and name.endswith("_like")


def _changed(
    state: State, shape: Shape, old: DjangoField, new: DjangoField, span: Span
) -> Iterator[Ddl]:
    """Another type, and whether it may be empty."""
    table = table_name(shape.table, span)
    was, now = type_of(old, state.shapes), type_of(new, state.shapes)
    if was != now and now:
        yield AlterColumn(table, new.column, *span, type_text=now, type=now)
        if new.primary or new.unique:
            yield from _follow(state, shape, new, span)
    if (old.kind in AUTOMATIC) != (new.kind in AUTOMATIC) and new.kind in AUTOMATIC:
        yield AlterColumn(table, new.column, *span, generated="identity")
    was_null, is_null = old.nullable, new.nullable
    if was_null and not is_null and has_default(new):
        column = column_definition(shape, new, state.shapes, span, default=True)
        if column.default is not None:
            yield AlterColumn(table, new.column, *span, default=column.default)
            yield AlterColumn(table, new.column, *span, nullable=False)
            yield AlterColumn(table, new.column, *span, drop_default=True)
            return
    if was_null != is_null:
        yield AlterColumn(table, new.column, *span, nullable=is_null)


def _follow(state: State, shape: Shape, field: DjangoField, span: Span) -> Iterator[Ddl]:
    """The columns that refer to one take its type."""
    for other in list(state.shapes.values()):
        if not other.managed or other.proxy or other.swapped:
            continue
        for one in other.fields:
            if one.to != shape.label or not one.column or one.kind == "ManyToManyField":
                continue
            name = one.value("to_field")
            if (isinstance(name, str) and name and name != field.name) or (
                not name and not field.primary
            ):
                continue
            found = type_of(one, state.shapes)
            if found:
                yield AlterColumn(
                    table_name(other.table, span), one.column, *span, type_text=found, type=found
                )
            if one.primary:
                yield from _follow(state, other, one, span)


def _added(
    state: State, shape: Shape, old: DjangoField, new: DjangoField, span: Span
) -> Iterator[Ddl]:
    """What the new field has and the old one had not."""
    table, columns = table_name(shape.table, span), (new.column,)
    if new.primary and not old.primary:
        yield AddConstraint(table, Constraint("primary key", None, columns, *span), *span)
    if new.unique and not new.primary and not (old.unique and not old.primary):
        name = index_name(shape.table, columns, "_uniq")
        state.remember(shape.label, "unique", columns, name)
        yield AddConstraint(table, Constraint("unique", name, columns, *span), *span)
    had = {_kind(one.name) for one in field_indexes(shape, old, state.shapes, span)}
    for one in field_indexes(shape, new, state.shapes, span):
        if _kind(one.name) not in had:
            kind = "like" if _is_like(one.name) else "index"
            state.remember(shape.label, kind, columns, one.name or "")
            yield one
    if new.constrained and (not old.constrained or old.to != new.to):
        column = column_definition(shape, new, state.shapes, span)
        if column.references is not None:
            name = column.constraint_name("foreign key") or ""
            state.remember(shape.label, "foreign key", columns, name)
            made = Constraint("foreign key", name, columns, *span, reference=column.references)
            yield AddConstraint(table, made, *span)
    check = positive_check(shape, new, span)
    if check is not None and old.kind not in POSITIVE:
        yield AddConstraint(table, check, *span)


def _kind(name: str | None) -> str:
    return "like" if _is_like(name) else "index"


def table_renamed(old: str, new: str, span: Span) -> Iterator[Ddl]:
    """ALTER TABLE … RENAME, where the name changes."""
    if old != new:
        yield RenameTable(table_name(old, span), table_name(new, span).name, *span)

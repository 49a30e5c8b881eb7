"""The operations on indexes and constraints."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from backend_analyzers.facts.django.declared_indexes import (
    constraint,
    declared_index,
    index_together,
    name_of,
    table_name,
    together,
    unique_together,
)
from backend_analyzers.facts.django.shapes import Shape
from backend_analyzers.facts.django.step import Step, Unreadable, has_table
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.sql.ddl import (
    AddConstraint,
    CreateIndex,
    Ddl,
    DropConstraint,
    DropIndex,
    RenameIndex,
)


def alter_unique_together(step: Step) -> Iterator[Ddl]:
    shape = step.shape("name")
    groups = together(step.term.argument("unique_together", 1))
    if groups is None:
        raise Unreadable
    step.state.put(replace(shape, unique_together=groups))
    if not has_table(shape):
        return
    table = table_name(shape.table, step.span)
    for gone in _without(shape.unique_together, groups):
        columns = tuple(shape.column(name) for name in gone)
        yield DropConstraint(table, step.state.name(shape, "unique", columns), *step.span)
    for new in _without(groups, shape.unique_together):
        made = unique_together(shape, new, step.span)
        step.state.remember(shape.label, "unique", made.columns, made.name or "")
        yield AddConstraint(table, made, *step.span)


def alter_index_together(step: Step) -> Iterator[Ddl]:
    shape = step.shape("name")
    groups = together(step.term.argument("index_together", 1))
    if groups is None:
        raise Unreadable
    step.state.put(replace(shape, index_together=groups))
    if not has_table(shape):
        return
    for gone in _without(shape.index_together, groups):
        columns = tuple(shape.column(name) for name in gone)
        name = step.state.name(shape, "together", columns)
        yield DropIndex(table_name(name, step.span), *step.span)
    for new in _without(groups, shape.index_together):
        made = index_together(shape, new, step.span)
        columns = tuple(shape.column(name) for name in new)
        step.state.remember(shape.label, "together", columns, made.name or "")
        yield made


def _without(
    groups: tuple[tuple[str, ...], ...], others: tuple[tuple[str, ...], ...]
) -> list[tuple[str, ...]]:
    return [one for one in dict.fromkeys(groups) if one not in others]


def add_index(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    index = step.part("index")
    is_concurrent = step.term.last == "AddIndexConcurrently"
    made = declared_index(shape, index, step.span, concurrently=is_concurrent)
    step.state.put(replace(shape, indexes=(*shape.indexes, index)))
    if not has_table(shape):
        return
    if made is None:
        raise Unreadable
    yield made


def remove_index(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    name = step.text("name", 1)
    step.state.put(replace(shape, indexes=_not_named(shape, shape.indexes, name)))
    if has_table(shape):
        is_concurrent = step.term.last == "RemoveIndexConcurrently"
        yield DropIndex(table_name(name, step.span), *step.span, concurrently=is_concurrent)


def _not_named(shape: Shape, terms: tuple[Term, ...], name: str) -> tuple[Term, ...]:
    return tuple(one for one in terms if _index_name(shape, one) != name)


def _index_name(shape: Shape, term: Term) -> str | None:
    given = name_of(shape, term)
    if given is None and term.last.endswith("Index"):
        made = declared_index(shape, term, (0, 0))
        return made.name if made is not None else None
    return given


def rename_index(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    new = step.text("new_name", 1)
    given = step.term.argument("old_name", 2)
    fields = step.term.argument("old_fields", 3)
    groups = together(fields) if fields is not None else None
    if given is not None and isinstance(given.value, str):
        old = given.value
        named = tuple(
            _with_name(one, new) if _index_name(shape, one) == old else one for one in shape.indexes
        )
        step.state.put(replace(shape, indexes=named))
    elif groups:
        columns = tuple(shape.column(name) for name in groups[0])
        old = step.state.name(shape, "together", columns)
        kept = tuple(one for one in shape.index_together if one != groups[0])
        step.state.put(replace(shape, index_together=kept))
    else:
        raise Unreadable
    if has_table(shape):
        yield RenameIndex(table_name(old, step.span), new, *step.span)


def _with_name(term: Term, name: str) -> Term:
    value = Term("constant", 0, 0, value=name)
    kept = [(k, v) for k, v in zip(term.names, term.parts[1:], strict=True) if k != "name"]
    return replace(
        term,
        names=(*(k for k, _ in kept), "name"),
        parts=(term.parts[0], *(v for _, v in kept), value),
        starts=(),
    )


def add_constraint(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    given = step.part("constraint")
    made = constraint(shape, given, step.span)
    step.state.put(replace(shape, constraints=(*shape.constraints, given)))
    if not has_table(shape):
        return
    if isinstance(made, CreateIndex):
        yield made
    elif made is not None:
        valid = step.term.last != "AddConstraintNotValid"
        yield AddConstraint(
            table_name(shape.table, step.span), replace(made, valid=valid), *step.span
        )
    else:
        raise Unreadable


def remove_constraint(step: Step) -> Iterator[Ddl]:
    shape = step.shape()
    name = step.text("name", 1)
    was = [one for one in shape.constraints if name_of(shape, one) == name]
    step.state.put(replace(shape, constraints=_not_named(shape, shape.constraints, name)))
    if not has_table(shape):
        return
    made = constraint(shape, was[0], step.span) if was else None
    if isinstance(made, CreateIndex):
        yield DropIndex(table_name(name, step.span), *step.span)
    else:
        yield DropConstraint(table_name(shape.table, step.span), name, *step.span)

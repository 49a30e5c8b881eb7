"""The operations on whole models: `CreateModel`, `RenameModel` and their like."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from backend_analyzers.facts.django.alter import table_renamed
from backend_analyzers.facts.django.declared_indexes import (
    table_name,
    together,
)
from backend_analyzers.facts.django.field_operations import added_column, join_table, made_table
from backend_analyzers.facts.django.names import short
from backend_analyzers.facts.django.shapes import DjangoField, Shape, automatic_key, known_index
from backend_analyzers.facts.django.state import with_field, without_field
from backend_analyzers.facts.django.step import Step, Unreadable, has_table, options_of, says
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import (
    Ddl,
    DropColumn,
    DropTable,
    RenameColumn,
)


def create_model(step: Step) -> Iterator[Ddl]:
    name = step.text("name", 0)
    label = f"{step.app}.{name}".lower()
    listed, options = step.term.argument("fields", 1), options_of(step.term.argument("options", 2))
    if listed is None or listed.kind != "list" or options is None:
        raise Unreadable
    fields: list[DjangoField] = []
    for pair in listed.parts:
        if pair.kind != "list" or len(pair.parts) != 2 or not isinstance(pair.parts[0].value, str):  # noqa: PLR2004
            raise Unreadable
        fields.append(step.field(label, pair.parts[0].value, pair.parts[1]))
    at = Place(step.at.path, step.at.unit, *step.span)
    bases = step.term.argument("bases", 3)
    is_proxy = says(options, "proxy", value=True)
    if not is_proxy and not any(one.primary or one.kind == "CompositePrimaryKey" for one in fields):
        auto = step.state.project.default_key(at.path)
        fields.insert(0, automatic_key(auto, at))
    table = options["db_table"].value if "db_table" in options else None
    swappable = options.get("swappable")
    is_swapped = (
        swappable is not None
        and str(swappable.value or swappable.text).endswith("AUTH_USER_MODEL")
        and step.state.project.user(at.path) != label
    )
    unique, index = (
        together(options.get("unique_together")),
        together(options.get("index_together")),
    )
    if unique is None or index is None:
        raise Unreadable
    if "order_with_respect_to" in options:
        fields.append(DjangoField("_order", "OrderWrt", at))
    shape = Shape(
        label=label,
        name=name,
        table=table if isinstance(table, str) and table else short(f"{step.app}_{name.lower()}"),
        at=at,
        fields=tuple(fields),
        unique_together=unique,
        index_together=index,
        indexes=_calls(step, options.get("indexes")),
        constraints=_calls(step, options.get("constraints")),
        known=all(one.kind != "?" for one in fields),
        managed=not says(options, "managed", value=False),
        proxy=_first_base(step, bases) if is_proxy else "",
        swapped=is_swapped,
    )
    step.state.put(shape)
    if is_proxy or not shape.managed or is_swapped:
        return
    yield from made_table(step, shape)
    for field in fields:
        yield from join_table(step, shape, field)


def _calls(step: Step, term: Term | None) -> tuple[Term, ...]:
    calls = [one for one in term.parts if one.kind == "call"] if term is not None else []
    return tuple(known_index(step.state.project, step.at.path, one) for one in calls)


def _first_base(step: Step, bases: Term | None) -> str:
    first = bases.parts[0] if bases is not None and bases.parts else None
    if first is None or not isinstance(first.value, str):
        return "?"
    return (first.value if "." in first.value else f"{step.app}.{first.value}").lower()


def delete_model(step: Step) -> Iterator[Ddl]:
    shape = step.shape("name")
    for field in shape.fields:
        between = step.state.between(shape, field)
        if between is not None and shape.managed:
            step.state.shapes.pop(between.label, None)
            yield DropTable(table_name(between.table, step.span), *step.span, cascade=True)
    del step.state.shapes[shape.label]
    step.state.names.pop(shape.label, None)
    if has_table(shape):
        yield DropTable(table_name(shape.table, step.span), *step.span, cascade=True)


def rename_model(step: Step) -> Iterator[Ddl]:
    shape = step.shape("old_name")
    name = step.text("new_name", 1)
    label = f"{step.app}.{name}".lower()
    state, span = step.state, step.span
    default = short(f"{step.app}_{shape.name.lower()}")
    table = short(f"{step.app}_{name.lower()}") if shape.table == default else shape.table
    joins = [
        (one, other, between)
        for other in list(state.shapes.values())
        for one in other.fields
        if shape.label in {other.label, one.to}
        and (between := state.between(other, one)) is not None
    ]
    del state.shapes[shape.label]
    after = replace(shape, label=label, name=name, table=table)
    state.names[label] = state.names.pop(shape.label, {})
    state.put(after)
    for other in list(state.shapes.values()):
        fields = tuple(
            replace(
                one,
                to=label if one.to == shape.label else one.to,
                through=label if one.through == shape.label else one.through,
            )
            for one in other.fields
        )
        proxy = label if other.proxy == shape.label else other.proxy
        state.put(replace(other, fields=fields, proxy=proxy))
    if not has_table(shape):
        return
    yield from table_renamed(shape.table, table, span)
    for one, other, before in joins:
        owner = state.shapes[label if other.label == shape.label else other.label]
        field = owner.field(one.name)
        between = state.between(owner, field) if field is not None else None
        state.shapes.pop(before.label, None)
        if between is None or not owner.managed:
            continue
        state.put(between)
        yield from table_renamed(before.table, between.table, span)
        for old, new in zip(before.fields[1:], between.fields[1:], strict=False):
            if old.column != new.column:
                yield RenameColumn(table_name(between.table, span), old.column, new.column, *span)


def alter_model_table(step: Step) -> Iterator[Ddl]:
    shape = step.shape("name")
    given = step.term.argument("table", 1)
    default = short(f"{step.app}_{shape.name.lower()}")
    table = given.value if given is not None and isinstance(given.value, str) else default
    before = [between for one in shape.fields if (between := step.state.between(shape, one))]
    after = replace(shape, table=table)
    step.state.put(after)
    if not has_table(shape):
        return
    yield from table_renamed(shape.table, table, step.span)
    for old in before:
        field = next(
            one for one in after.fields if f"{after.label}_{one.name}".lower() == old.label
        )
        new = step.state.between(after, field)
        if new is not None:
            step.state.put(new)
            yield from table_renamed(old.table, new.table, step.span)


def alter_order(step: Step) -> Iterator[Ddl]:
    shape = step.shape("name")
    given = step.term.argument("order_with_respect_to", 1)
    is_ordered = given is not None and isinstance(given.value, str)
    has_order = shape.field("_order") is not None
    if is_ordered and not has_order:
        zero = {"default": Term("constant", 0, 0, value=0)}
        at = Place(step.at.path, step.at.unit, *step.span)
        field = DjangoField("_order", "OrderWrt", at, zero)
        step.state.put(with_field(shape, field))
        yield from added_column(step, shape, field)
    elif has_order and not is_ordered:
        step.state.put(without_field(shape, "_order"))
        yield DropColumn(table_name(shape.table, step.span), "_order", *step.span, cascade=True)


def alter_model_options(step: Step) -> Iterator[Ddl]:
    """Options such as `ordering` are no business of the database; `managed` is the state's."""
    options = options_of(step.term.argument("options", 1))
    if options is not None and "managed" in options:
        managed = options["managed"].value is not False
        step.state.change(step.label("name"), lambda shape: replace(shape, managed=managed))
    yield from ()

"""Whole tables, as `Table(…)` and `op.create_table(…)` declare them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from backend_analyzers.facts.alchemy.columns import (
    COLUMNS,
    ColumnRead,
    column,
    defined,
    reference_of,
)
from backend_analyzers.facts.alchemy.constraints import (
    ConstraintRead,
    as_constraint,
    as_index,
    constraint,
    is_constraint,
    shortened,
)
from backend_analyzers.facts.alchemy.things import Items, Made, Thing
from backend_analyzers.facts.alchemy.types import Types
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.ddl import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    CreateType,
    IndexKey,
    Reference,
    TableName,
)
from backend_analyzers.sql.names import quoted

Spans = Callable[[ColumnRead], tuple[int, int, int, int]]
References = Callable[[ColumnRead, str], Reference | None]


class TableRead(msgspec.Struct, frozen=True, gc=False):
    """The columns and constraints of a table; `known` is False when there may be others."""

    columns: tuple[ColumnRead, ...] = ()
    constraints: tuple[ConstraintRead, ...] = ()
    known: bool = True


class Built(msgspec.Struct, frozen=True, gc=False):
    """A table as DDL, with the indexes and enums that are made with it."""

    create: CreateTable
    indexes: tuple[CreateIndex, ...] = ()
    types: tuple[CreateType, ...] = ()


def is_column(thing: Thing) -> bool:
    """Whether a thing is a call that declares a column."""
    return isinstance(thing, Made) and thing.last in COLUMNS and is_alchemy(thing.name)


def table_items(things: Iterable[Thing], types: Types, *, known: bool = True) -> TableRead:
    """What the arguments of a table declare."""
    columns: list[ColumnRead] = []
    constraints: list[ConstraintRead] = []
    for thing in things:
        if isinstance(thing, Items):
            inner = table_items(thing, types, known=thing.complete)
            columns += inner.columns
            constraints += inner.constraints
            known = known and inner.known
        elif isinstance(thing, Made) and is_column(thing):
            columns.append(column(thing, types))
        elif isinstance(thing, Made) and is_constraint(thing):
            found = constraint(thing)
            if found is not None:
                constraints.append(found)
            else:
                known = False
        elif thing is not None:
            known = False
    return TableRead(tuple(columns), tuple(constraints), known)


class Names(msgspec.Struct, frozen=True):
    """What constraints are called that are given no name: templates by kind, as in `MetaData`."""

    templates: dict[str, str] = {}

    def of(
        self, kind: str, table: TableName, columns: tuple[str, ...], referred: str = ""
    ) -> str | None:
        """The name of a constraint by the convention, or None."""
        template = self.templates.get(kind)
        if template is None and kind == "ix":
            template = "ix_%(column_0_label)s"
        if template is None or not columns:
            return None
        label = f"{table.name}_{columns[0]}"
        if table.schema:
            label = f"{table.schema.replace('.', '_')}_{label}"
        words = {
            "table_name": table.name,
            "column_0_name": columns[0],
            "column_0_key": columns[0],
            "column_0_label": label,
            "column_0_N_name": "_".join(columns),
            "column_0N_name": "".join(columns),
            "column_0_N_label": "_".join(f"{table.name}_{one}" for one in columns),
            "referred_table_name": referred,
        }
        try:
            return shortened(template % words)
        except (KeyError, TypeError, ValueError):
            return None


def built(
    table: TableName,
    read: TableRead,
    names: Names,
    spans: Spans,
    whole: tuple[int, int],
    *,
    references: References | None = None,
    attributes: dict[str, str] | None = None,
) -> Built:
    """A table as DDL.

    `spans` says where a column is written, `attributes` which column an attribute is, `references` what
    a column's foreign key points to when its own text does not say.
    """
    known_as = attributes or {}

    def named(attribute: str) -> str:
        return known_as.get(attribute, attribute)

    key = _primary_key(read, named)
    columns: list[ColumnDefinition] = []
    for one in read.columns:
        reference = references(one, table.name) if references is not None else None
        at = spans(one)
        if reference is None and one.foreign:
            reference = reference_of(one.foreign[0], table.name, one.name, at[:2])
        alone = key == (one.name,)
        is_key = one.name in key
        columns.append(
            defined(
                one,
                one.name,
                at,
                alone=alone,
                in_key=is_key,
                reference=reference,
                names=tuple(_key_names(one, table, names, reference)),
            )
        )
    constraints = list(_constraints(read, table, names, named, whole, key))
    indexes = [*_column_indexes(read, table, names, spans)]
    for declared in read.constraints:
        if declared.kind == "index" and declared.known:
            own = tuple(named(c) for c in declared.columns if c)
            name = declared.name or names.of("ix", table, own)
            indexes.append(as_index(declared, name, table, named, _own(declared, whole)))
    return Built(
        CreateTable(
            table,
            tuple(columns),
            tuple(constraints),
            *whole,
            known=read.known
            and all(one.known for one in read.columns)
            and all(one.known for one in read.constraints if one.kind == "index"),
        ),
        tuple(indexes),
        tuple(_types(read, whole)),
    )


def _own(one: ConstraintRead, whole: tuple[int, int]) -> tuple[int, int]:
    return (one.start, one.end) if whole[0] <= one.start and one.end <= whole[1] else whole


def _key_names(
    one: ColumnRead, table: TableName, names: Names, reference: Reference | None
) -> Iterable[tuple[str, str]]:
    """What the constraints are called that a column declares."""
    if one.unique and not one.index and (name := names.of("uq", table, (one.name,))):
        yield "unique", name
    if reference is not None:
        given = one.foreign[0].name if one.foreign else None
        name = given or names.of("fk", table, (one.name,), reference.table.name)
        if name:
            yield "foreign key", name


def _primary_key(read: TableRead, named: Callable[[str], str]) -> tuple[str, ...]:
    for one in read.constraints:
        if one.kind == "primary key" and one.columns:
            return tuple(named(column) for column in one.columns)
    return tuple(one.name for one in read.columns if one.primary_key)


def _constraints(
    read: TableRead,
    table: TableName,
    names: Names,
    named: Callable[[str], str],
    whole: tuple[int, int],
    key: tuple[str, ...],
) -> Iterable[Constraint]:
    declared = next((one for one in read.constraints if one.kind == "primary key"), None)
    if key:
        name = declared.name if declared is not None else None
        span = whole if declared is None else _own(declared, whole)
        yield Constraint("primary key", name or names.of("pk", table, key), key, *span)
    for one in read.constraints:
        if one.kind in {"primary key", "index"}:
            continue
        columns = tuple(named(c) for c in one.columns)
        name = one.name
        if name is None and one.kind == "unique":
            name = names.of("uq", table, columns)
        elif name is None and one.kind == "foreign key":
            referred = one.targets[0].rpartition(".")[0].rpartition(".")[2] if one.targets else ""
            name = names.of("fk", table, columns, referred)
        elif one.kind == "check" and name is not None and "ck" in names.templates:
            name = _checked(names.templates["ck"], table, name)
        found = as_constraint(one, name, named, _own(one, whole))
        if found is not None:
            yield found


def _checked(template: str, table: TableName, name: str) -> str:
    try:
        return shortened(template % {"table_name": table.name, "constraint_name": name})
    except (KeyError, TypeError, ValueError):
        return name


def _column_indexes(
    read: TableRead, table: TableName, names: Names, spans: Spans
) -> Iterable[CreateIndex]:
    for one in read.columns:
        if one.index:
            at = spans(one)
            key = IndexKey(one.name, quoted(one.name), *at[:2])
            yield CreateIndex(
                names.of("ix", table, (one.name,)),
                table.schema,
                table,
                (key,),
                *at[:2],
                unique=one.unique,
            )


def _types(read: TableRead, whole: tuple[int, int]) -> Iterable[CreateType]:
    seen: set[str] = set()
    for one in read.columns:
        kind = one.typed
        name = kind.text.rstrip("[]")
        if kind.labels is not None and kind.makes and name not in seen:
            seen.add(name)
            yield CreateType(name, kind.schema, "enum", kind.labels, *whole)

"""Keys, checks and indexes, as `UniqueConstraint(…)`, `Index(…)` and the like declare them."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import md5
from typing import Literal

import msgspec

from backend_analyzers.facts.alchemy.columns import Foreign
from backend_analyzers.facts.alchemy.texts import expression_text, text_of
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ColumnOf,
    Given,
    Items,
    Made,
    Named,
    Pairs,
    Thing,
)
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.ddl import Constraint, CreateIndex, IndexKey, Reference, TableName
from backend_analyzers.sql.names import quoted

CONSTRAINTS = frozenset(
    {
        *("PrimaryKeyConstraint", "UniqueConstraint", "ForeignKeyConstraint", "CheckConstraint"),
        *("Index", "ExcludeConstraint"),
    }
)
LONGEST_NAME = 63
"""PostgreSQL's; longer ones end in a digest."""

Kind = Literal["primary key", "unique", "foreign key", "check", "exclude", "index"]


class ConstraintRead(msgspec.Struct, frozen=True, gc=False):
    """A constraint or an index as declared; `columns` are names of columns or of attributes.

    An expression of an index is kept in `texts`, at the place where `columns` has "".
    """

    kind: Kind
    name: str | None
    columns: tuple[str, ...]
    start: int
    end: int
    unit: str = ""
    texts: tuple[str, ...] = ()
    descending: tuple[bool, ...] = ()
    targets: tuple[str, ...] = ()
    on_delete: str = ""
    on_update: str = ""
    text: str = ""
    where: str | None = None
    method: str = "btree"
    include: tuple[str, ...] = ()
    opclasses: tuple[tuple[str, str], ...] = ()
    unique: bool = False
    concurrently: bool = False
    nulls_not_distinct: bool = False
    known: bool = True


def is_constraint(thing: Thing) -> bool:
    """Whether a thing is a constraint or an index."""
    return isinstance(thing, Made) and thing.last in CONSTRAINTS and is_alchemy(thing.name)


def constraint(made: Made) -> ConstraintRead | None:
    """What a constraint says; None when not even its columns can be read."""
    match made.last:
        case "PrimaryKeyConstraint":
            return _simple(made, "primary key", made.arguments)
        case "UniqueConstraint":
            return _simple(made, "unique", made.arguments)
        case "ForeignKeyConstraint":
            return _foreign(made)
        case "CheckConstraint":
            text = text_of(made.get("sqltext", 0, UNKNOWN))
            name = made.get("name", 1)
            return ConstraintRead(
                "check", name_of(name), (), *_span(made), text=text or "", known=text is not None
            )
        case "ExcludeConstraint":
            return ConstraintRead(
                "exclude", name_of(made.get("name")), (), *_span(made), known=False
            )
        case "Index":
            return index(made, made.get("name", 0, UNKNOWN), made.arguments[1:])
        case _:
            return None


def _span(made: Made) -> tuple[int, int, str]:
    return made.node.start, made.node.end, made.unit


def _simple(
    made: Made, kind: Literal["primary key", "unique"], given: tuple[Given, ...]
) -> ConstraintRead | None:
    columns = names_of(given)
    if columns is None or not made.complete:
        return None
    return ConstraintRead(
        kind,
        name_of(made.get("name")),
        columns,
        *_span(made),
        nulls_not_distinct=made.get("postgresql_nulls_not_distinct") is True,
    )


def _foreign(made: Made) -> ConstraintRead | None:
    local, remote = made.get("columns", 0), made.get("refcolumns", 1)
    if not isinstance(local, Items) or not isinstance(remote, Items):
        return None
    columns, targets = names_of(local.values), names_of(remote.values)
    if columns is None or targets is None:
        return None
    return ConstraintRead(
        "foreign key",
        name_of(made.get("name", 2)),
        columns,
        *_span(made),
        targets=targets,
        on_delete=_lower(made.get("ondelete", 4)),
        on_update=_lower(made.get("onupdate", 3)),
    )


def index(made: Made, name: Thing, given: tuple[Given, ...]) -> ConstraintRead:
    """An index on columns and expressions."""
    columns: list[str] = []
    texts: list[str] = []
    descending: list[bool] = []
    known = made.complete
    for one in given:
        column, text, falls = _key(one.value)
        known = known and (column is not None or text is not None)
        columns.append(column or "")
        texts.append(text or "")
        descending.append(falls)
    where = made.get("postgresql_where", default=made.get("sqlite_where"))
    condition = None if where is None else text_of(where)
    method = made.get("postgresql_using", default="btree")
    include = made.get("postgresql_include")
    included = names_of(include.values) if isinstance(include, Items) else ()
    ops = made.get("postgresql_ops")
    opclasses = (
        tuple((str(k), v.value) for k, v in ops.values.items() if isinstance(v.value, str))
        if isinstance(ops, Pairs)
        else ()
    )
    return ConstraintRead(
        "index",
        name_of(name),
        tuple(columns),
        *_span(made),
        texts=tuple(texts),
        descending=tuple(descending),
        where=condition,
        method=method if isinstance(method, str) else "btree",
        include=included or (),
        opclasses=opclasses,
        unique=made.get("unique") is True,
        concurrently=made.get("postgresql_concurrently") is True,
        nulls_not_distinct=made.get("postgresql_nulls_not_distinct") is True,
        known=known and (where is None or condition is not None),
    )


def _key(thing: Thing) -> tuple[str | None, str | None, bool]:
    """A key of an index: (column, expression, whether it descends)."""
    match thing:
        case str():
            return thing, None, False
        case ColumnOf(name=name):
            return name, None, False
        case Made(function=Named()) if thing.last in {"desc", "asc"} and thing.arguments:
            column, text, _ = _key(thing.arguments[0].value)
            return column, text, thing.last == "desc"
        case Made(function=Named()) if thing.last == "text":
            return _textual(expression_text(thing) or "")
        case Made() if thing.last in {"desc", "asc"}:
            column, text, _ = _key(thing.function.owner)
            return column, text, thing.last == "desc"
        case _:
            return None, expression_text(thing), False


_PLAIN = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*\Z", re.IGNORECASE)


def _textual(text: str) -> tuple[str | None, str | None, bool]:
    """`text("created_at DESC")` is a column after all."""
    found = _PLAIN.match(text)
    if found is None:
        return None, text or None, False
    return found[1].lower(), None, (found[2] or "").lower() == "desc"


def names_of(given: tuple[Given, ...]) -> tuple[str, ...] | None:
    """The columns that arguments name, None when some cannot be read."""
    found: list[str] = []
    for one in given:
        if isinstance(one.value, str):
            found.append(one.value)
        elif isinstance(one.value, ColumnOf):
            found.append(one.value.name)
        else:
            return None
    return tuple(found)


def name_of(thing: Thing) -> str | None:
    """The name that is given to a constraint: `op.f('x')` is one that no convention changes."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, Made) and thing.last in {"f", "conv"}:
        return name_of(thing.get("name", 0))
    return None


def _lower(thing: Thing) -> str:
    return thing.lower() if isinstance(thing, str) else ""


def shortened(name: str) -> str:
    """A name that SQLAlchemy makes itself, cut to what the database allows."""
    if len(name) <= LONGEST_NAME:
        return name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]
    return f"{name[: LONGEST_NAME - 8]}_{digest}"


Column = Callable[[str], str]
"""The column behind a name, which may be that of an attribute."""


def as_constraint(
    read: ConstraintRead, name: str | None, column: Column, span: tuple[int, int]
) -> Constraint | None:
    """A constraint as DDL; None for an index."""
    if read.kind == "index":
        return None
    columns = tuple(column(one) for one in read.columns)
    reference: Reference | None = None
    if read.kind == "foreign key":
        reference = referenced(read, span)
        if reference is None:
            return None
    text = f"CHECK ({read.text})" if read.kind == "check" and read.text else ""
    return Constraint(read.kind, name, columns, *span, reference=reference, text=text)


def referenced(read: ConstraintRead, span: tuple[int, int]) -> Reference | None:
    """What the targets of a `ForeignKeyConstraint` point to, when they are in one table."""
    split = [Foreign(target).parts for target in read.targets]
    tables = {(schema, table) for schema, table, _ in split}
    if len(tables) != 1:
        return None
    schema, table = tables.pop()
    columns = tuple(column for _, _, column in split)
    return Reference(TableName(table, schema, *span), columns, read.on_delete, read.on_update)


def as_index(
    read: ConstraintRead, name: str | None, table: TableName, column: Column, span: tuple[int, int]
) -> CreateIndex:
    """An index as DDL."""
    keys: list[IndexKey] = []
    classes = dict(read.opclasses)
    for place, attribute in enumerate(read.columns):
        named = column(attribute) if attribute else None
        text = quoted(named) if named is not None else read.texts[place]
        falls = read.descending[place] if place < len(read.descending) else False
        opclass = classes.get(named or "", classes.get(attribute, ""))
        # One that cannot be read is an expression without a text.
        keys.append(IndexKey(named, text, *span, descending=falls, opclass=opclass))
    return CreateIndex(
        name=name,
        schema=table.schema,
        table=table,
        keys=tuple(keys),
        start=span[0],
        end=span[1],
        unique=read.unique,
        method=read.method,
        include=tuple(column(one) for one in read.include),
        where=read.where,
        concurrently=read.concurrently,
        nulls_not_distinct=read.nulls_not_distinct,
    )

"""Columns and foreign keys, as `Column(…)`, `mapped_column(…)` and `Field(…)` declare them."""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.texts import default_text
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ColumnOf,
    Made,
    Named,
    Thing,
    plain,
)
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, Typed, Types, typed
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.ddl import ColumnDefinition, Reference, TableName

COLUMNS = frozenset({"Column", "mapped_column", "MappedColumn"})
"""What declares a column."""


class Foreign(msgspec.Struct, frozen=True, gc=False):
    """What `ForeignKey(…)` says: a text such as `shop.orders.id`, or an attribute of a class."""

    target: str
    key: str = ""
    on_delete: str = ""
    on_update: str = ""
    name: str | None = None

    @property
    def parts(self) -> tuple[str | None, str, str]:
        """(schema, table, column); the column is "" for the one that has the same name."""
        *front, column = self.target.split(".")
        if not front:
            return None, column, ""
        return ".".join(front[:-1]) or None, front[-1], column


class ColumnRead(msgspec.Struct, frozen=True, gc=False):
    """One column as it is declared; spans are those of the unit that declares it.

    `name` is "" when the attribute's name is meant, `nullable` None when nothing is said.
    `known` is False when arguments could not be read.
    """

    name: str
    typed: Typed
    start: int
    end: int
    name_start: int
    name_end: int
    nullable: bool | None = None
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    default: str | None = None
    has_default: bool = False
    """Whether the server or the client gives it a value."""
    generated: Literal["", "identity", "stored", "virtual"] = ""
    increments: bool | None = None
    """`autoincrement`: None is "auto"."""
    foreign: tuple[Foreign, ...] = ()
    key: str = ""
    known: bool = True
    unit: str = ""
    otherwise: Typed = NOT_KNOWN
    """The type, if what its foreign key points to has none."""


def column(made: Made, types: Types) -> ColumnRead:
    """What a `Column(…)` or `mapped_column(…)` says."""
    found = _Column(made, types)
    found.positional()
    found.keywords()
    return found.read()


class _Column:
    """A column while its arguments are read."""

    def __init__(self, made: Made, types: Types) -> None:
        self.made = made
        self.types = types
        self.name = ""
        self.name_span = (made.node.start, made.node.end)
        self.typed: Typed | None = None
        self.foreign: list[Foreign] = []
        self.generated: Literal["", "identity", "stored", "virtual"] = ""
        self.default: str | None = None
        self.has_default = False
        self.known = made.complete

    def positional(self) -> None:
        named = self.made.named.get("name")
        given = list(self.made.arguments)
        if given and isinstance(given[0].value, str):
            named = given.pop(0)
        if named is not None and isinstance(named.value, str):
            self.name = named.value
            self.name_span = _inside(named.node, self.name_span)
        elif named is not None and named.value is not None:
            self.known = False
        for one in given:
            self.item(one.value)
        kind = self.made.named.get("type_") or self.made.named.get("sa_type")
        if kind is not None:
            self.typed = typed(kind.value, self.types)

    def item(self, thing: Thing) -> None:
        if isinstance(thing, Made | Named) and is_alchemy(_name(thing)):
            match _name(thing).rpartition(".")[2]:
                case "ForeignKey" if isinstance(thing, Made):
                    self.foreign.append(foreign(thing))
                    return
                case "Identity":
                    self.generated, self.has_default = "identity", True
                    return
                case "Computed" if isinstance(thing, Made):
                    stored = thing.get("persisted", 1)
                    self.generated = "virtual" if stored is False else "stored"
                    return
                case "Sequence" | "FetchedValue" | "DefaultClause" | "CheckConstraint":
                    self.has_default = self.has_default or _name(thing).endswith("Sequence")
                    return
                case _:
                    pass
        if self.typed is None:
            self.typed = typed(thing, self.types)

    def keywords(self) -> None:
        server = self.made.get("server_default")
        if server is not None and server is not False:
            self.has_default = True
            if isinstance(server, Made) and server.last == "Identity":
                self.generated = "identity"
            elif isinstance(server, Made) and server.last in {"Computed", "FetchedValue"}:
                self.generated = "stored" if server.last == "Computed" else ""
            else:
                self.default = default_text(server)
        if any(
            name in self.made.named for name in ("default", "insert_default", "default_factory")
        ):
            default = self.made.get("insert_default", default=self.made.get("default"))
            self.has_default = self.has_default or default is not None

    def read(self) -> ColumnRead:
        made = self.made
        increments = made.get("autoincrement", default="auto")
        key = made.get("key")
        return ColumnRead(
            name=self.name,
            typed=self.typed or NOT_KNOWN,
            start=made.node.start,
            end=made.node.end,
            name_start=self.name_span[0],
            name_end=self.name_span[1],
            nullable=_flag(made.get("nullable", default=None)),
            primary_key=_flag(made.get("primary_key", default=False)) is True,
            unique=_flag(made.get("unique", default=False)) is True,
            index=_flag(made.get("index", default=False)) is True,
            default=self.default,
            has_default=self.has_default,
            generated=self.generated,
            increments=increments if isinstance(increments, bool) else None,
            foreign=tuple(self.foreign),
            key=key if isinstance(key, str) else "",
            known=self.known and not any(made.get(flag) is UNKNOWN for flag in _DECISIVE),
            unit=made.unit,
        )


_DECISIVE = ("nullable", "primary_key", "unique", "index")


def foreign(made: Made) -> Foreign:
    """What a `ForeignKey(…)` points to."""
    target = made.get("column", 0, UNKNOWN)
    name, key = "", ""
    if isinstance(target, str):
        name = target
    elif isinstance(target, ColumnOf):
        name, key = target.name, target.key or "?"
    else:
        key = "?"
    constraint = made.get("name")
    return Foreign(
        name,
        key,
        _action(made.get("ondelete")),
        _action(made.get("onupdate")),
        constraint if isinstance(constraint, str) else None,
    )


def _action(thing: Thing) -> str:
    return thing.lower() if isinstance(thing, str) else ""


def _flag(thing: Thing) -> bool | None:
    return bool(thing) if plain(thing) and thing is not None else None


def _name(thing: Thing) -> str:
    if isinstance(thing, Named):
        return thing.name
    return thing.name if isinstance(thing, Made) else ""


def _inside(node: ir.Expr | None, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The text of a literal without its quotes."""
    if isinstance(node, ir.Text) and len(node.parts) == 1:
        return node.parts[0].start, node.parts[0].end
    return otherwise


_SERIAL = {"integer": "SERIAL", "bigint": "BIGSERIAL", "smallint": "SMALLSERIAL"}


def defined(
    read: ColumnRead,
    name: str,
    spans: tuple[int, int, int, int],
    *,
    alone: bool = False,
    in_key: bool = False,
    reference: Reference | None = None,
    names: tuple[tuple[str, str], ...] = (),
) -> ColumnDefinition:
    """A column as DDL.  `in_key` says that it is of the primary key, `alone` that nothing else is."""
    kind = read.typed
    text, default = kind.text, read.default
    serial = _SERIAL.get(kind.type) if in_key else None
    free = read.default is None and not read.generated and not read.has_default
    wanted = read.increments is True or (read.increments is None and alone and not read.foreign)
    if serial is not None and free and wanted:
        text, default = serial, "nextval()"
    nullable = True if read.nullable is None else read.nullable
    return ColumnDefinition(
        name=name,
        type_text=f"{kind.schema}.{text}" if kind.schema and kind.labels is not None else text,
        type=kind.type,
        nullable=nullable and not in_key and read.generated != "identity",
        start=spans[0],
        end=spans[1],
        name_start=spans[2],
        name_end=spans[3],
        default=default,
        unique=read.unique and not read.index,
        references=reference,
        generated=read.generated,
        constraint_names=names,
    )


def reference_of(key: Foreign, table: str, column: str, span: tuple[int, int]) -> Reference | None:
    """What a foreign key given as a text points to, seen from a column of a table."""
    if key.key or not key.target:
        return None
    schema, name, target = key.parts
    return Reference(
        TableName(name, schema, *span),
        (target or column,) if name != table or target else (column,),
        key.on_delete,
        key.on_update,
    )

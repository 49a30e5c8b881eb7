"""The column of an attribute: what is called in its value and what its annotation says, together."""

from __future__ import annotations

import msgspec

from backend_analyzers.facts.alchemy.annotations import Annotation, TypeMap, python_type
from backend_analyzers.facts.alchemy.columns import ColumnRead, Foreign, column
from backend_analyzers.facts.alchemy.texts import default_text
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Alternative,
    ClassThing,
    Made,
    Pairs,
    Thing,
)
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, Typed, typed
from backend_analyzers.facts.alchemy.world import Reader
from backend_analyzers.facts.models.sqlalchemy_classes import MemberRead

_NO_COLUMN = ColumnRead("", NOT_KNOWN, 0, 0, 0, 0)


def field_column(member: MemberRead, reader: Reader, map_: TypeMap) -> ColumnRead | None:
    """The column that an attribute is; None when it leads to another class."""
    note, made = member.note, member.made
    if made is not None and made.last == "Field" and note is not None:
        return _sqlmodel(made, note, reader)
    read = member.column
    if note is None:
        return read
    plain = member.made is None and read is None
    if plain and not note.wrapper:
        return _sqlmodel(None, note, reader)
    if read is None and made is not None:
        # A call that is not known may be any column.
        return msgspec.structs.replace(_NO_COLUMN, known=False)
    if plain and _is_class(note.inner, reader):
        return None
    return _with_note(read or _NO_COLUMN, note, reader, map_)


def _is_class(inner: Thing, reader: Reader) -> bool:
    """Whether an annotation names a class that is no type of a column."""
    if isinstance(inner, str):
        return True
    return isinstance(inner, ClassThing) and reader.labels(inner) is None


def _with_note(read: ColumnRead, note: Annotation, reader: Reader, map_: TypeMap) -> ColumnRead:
    for made in note.columns:
        read = _merged(read, column(made, reader))
    if not read.typed.text:
        kind = python_type(note, map_, reader)
        # A foreign key has the type of what it points to, whatever the annotation says.
        if read.foreign:
            read = msgspec.structs.replace(read, otherwise=kind)
        else:
            read = msgspec.structs.replace(read, typed=kind)
    elif read.typed.labels is None and read.typed.text == "ENUM":
        read = msgspec.structs.replace(read, typed=python_type(note, map_, reader))
    if read.nullable is None:
        optional = note.optional or (
            isinstance(note.inner, Alternative) and None in note.inner.options
        )
        read = msgspec.structs.replace(read, nullable=bool(optional) and not read.primary_key)
    return read


def _merged(own: ColumnRead, general: ColumnRead) -> ColumnRead:
    """A column, with what the `mapped_column` of its `Annotated` type says besides."""
    return msgspec.structs.replace(
        own,
        name=own.name or general.name,
        typed=own.typed if own.typed.text else general.typed,
        nullable=general.nullable if own.nullable is None else own.nullable,
        primary_key=own.primary_key or general.primary_key,
        unique=own.unique or general.unique,
        index=own.index or general.index,
        default=own.default if own.default is not None else general.default,
        has_default=own.has_default or general.has_default,
        generated=own.generated or general.generated,
        increments=general.increments if own.increments is None else own.increments,
        foreign=own.foreign or general.foreign,
        known=own.known and general.known,
    )


def _sqlmodel(made: Made | None, note: Annotation, reader: Reader) -> ColumnRead | None:
    """A field of SQLModel: an annotation, and perhaps a `Field(…)`."""
    given = None if made is None else made.get("sa_column")
    if isinstance(given, Made):
        return column(given, reader)
    optional = note.optional or isinstance(note.inner, Alternative)
    if made is None:
        read = msgspec.structs.replace(_NO_COLUMN, nullable=optional)
    else:
        read = _from_field(made, note, reader)
    if not read.typed.text:
        if isinstance(note.inner, ClassThing) and reader.labels(note.inner) is None:
            return None if made is None else msgspec.structs.replace(read, known=False)
        if isinstance(note.inner, str):
            return None
        read = msgspec.structs.replace(read, typed=_sqlmodel_type(made, note, reader))
    return read


def _sqlmodel_type(made: Made | None, note: Annotation, reader: Reader) -> Typed:
    kind = python_type(note, (), reader)
    if made is None:
        return kind
    length = made.get("max_length")
    if kind.text == "VARCHAR" and isinstance(length, int):
        return Typed(f"VARCHAR({length})")
    digits, places = made.get("max_digits"), made.get("decimal_places")
    if kind.text == "NUMERIC" and isinstance(digits, int):
        scale = f", {places}" if isinstance(places, int) else ""
        return Typed(f"NUMERIC({digits}{scale})")
    return kind


def _from_field(made: Made, note: Annotation, reader: Reader) -> ColumnRead:
    default = made.get("default", 0, default=UNKNOWN)
    key = made.get("primary_key") is True
    foreign = made.get("foreign_key")
    nullable = made.get("nullable")
    if not isinstance(nullable, bool):
        nullable = not key and (note.optional or isinstance(note.inner, Alternative))
    rest = made.get("sa_column_kwargs")
    values = rest.values if isinstance(rest, Pairs) else {}
    server = values["server_default"].value if "server_default" in values else None
    name = values["name"].value if "name" in values else ""
    kind = made.get("sa_type")
    action = made.get("ondelete")
    return msgspec.structs.replace(
        _NO_COLUMN,
        name=name if isinstance(name, str) else "",
        typed=NOT_KNOWN if kind is None else typed(kind, reader),
        nullable=nullable,
        primary_key=key,
        unique=made.get("unique") is True,
        index=made.get("index") is True,
        default=None if server is None else default_text(server),
        has_default=(default is not UNKNOWN and default is not None)
        or made.get("default_factory") is not None
        or server is not None,
        foreign=(Foreign(foreign, on_delete=action.lower() if isinstance(action, str) else ""),)
        if isinstance(foreign, str)
        else (),
        known=made.complete and not (rest is not None and not isinstance(rest, Pairs)),
    )

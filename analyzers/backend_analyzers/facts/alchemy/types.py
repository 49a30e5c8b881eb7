"""Column types, as PostgreSQL is told them."""

from __future__ import annotations

from typing import Protocol

import msgspec

from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Given,
    Items,
    Made,
    Member,
    Named,
    Pairs,
    Thing,
)
from backend_analyzers.libraries.sqlalchemy_types import TYPES, Spelling, is_alchemy
from backend_analyzers.sql.types import normalised_type

_DEEPEST = 12
REFERENCE = "\x01"
"""Begins the text of what another file declares; the name follows, and `\x02`."""
_DOUBLE_FROM = 25
"""PostgreSQL's FLOAT(n) is REAL below this many bits."""


class Typed(msgspec.Struct, frozen=True, gc=False):
    """A type as SQL; `text` is "" when it is not known.  `labels` are those of a type that is an enum."""

    text: str = ""
    labels: tuple[str, ...] | None = None
    schema: str | None = None
    makes: bool = False
    """Whether creating the table creates the enum."""
    checked: bool = False
    """Whether a check constraint goes with it."""

    @property
    def type(self) -> str:
        """The type, comparable with others."""
        if self.text.startswith(REFERENCE):
            return self.text
        return normalised_type(self.text) if self.text else ""


NOT_KNOWN = Typed()


class Types(Protocol):
    """What reading a type asks of who knows the classes of the project."""

    def implementation(self, kind: ClassThing, made: Made | None) -> Thing:
        """The type that a class of the project stands for, when it is one."""
        ...

    def outside(self, name: str) -> Typed:
        """A type that is declared where this reader does not look."""
        ...

    def labels(self, kind: Thing) -> tuple[str, ...] | None:
        """The names of the members of an `enum.Enum`."""
        ...


def typed(thing: Thing, types: Types, depth: int = 0) -> Typed:
    """The type that a thing is."""
    if depth > _DEEPEST:
        return NOT_KNOWN
    match thing:
        case Named(name=name) if is_alchemy(name):
            return _spelt(thing.last, None, types, depth)
        case Made(function=Named(name=name)) if is_alchemy(name):
            return _spelt(thing.last, thing, types, depth)
        case Named(name=name) | Made(function=Named(name=name)):
            return types.outside(name)
        case Made(function=Member(owner=owner, name="with_variant")):
            return _variant(owner, thing, types, depth)
        case Made(function=Member(owner=owner, name="copy" | "as_generic" | "evaluates_none")):
            return typed(owner, types, depth + 1)
        case Made(function=Member(owner=owner, name="as_mutable")):
            return typed(thing.get("sqltype", 0), types, depth + 1)
        case Made(function=ClassThing() as kind):
            return _followed(kind, thing, types, depth)
        case ClassThing():
            return _followed(thing, None, types, depth)
        case _:
            return NOT_KNOWN


def _followed(kind: ClassThing, made: Made | None, types: Types, depth: int) -> Typed:
    found = types.implementation(kind, made)
    if isinstance(found, str):
        return Typed(found)
    return NOT_KNOWN if found is UNKNOWN else typed(found, types, depth + 1)


def _variant(owner: Thing, made: Made, types: Types, depth: int) -> Typed:
    names = [one.value for one in made.arguments[1:]]
    if len(names) == 1 and isinstance(names[0], Items):
        names = list(names[0])
    if "postgresql" in names:
        return typed(made.get("type_", 0), types, depth + 1)
    if any(not isinstance(name, str) for name in names):
        return NOT_KNOWN
    return typed(owner, types, depth + 1)


def _spelt(name: str, made: Made | None, types: Types, depth: int) -> Typed:
    match name:
        case "Enum" | "ENUM" | "ChoiceType":
            return _enum(name, made, types, depth)
        case "ARRAY":
            return _array(made, types, depth)
        case "as_mutable" if made is not None:
            return typed(made.get("sqltype", 0), types, depth + 1)
        case "Variant" | "Mutable" | "NullType" | "TypeDecorator" | "TypeEngine":
            return NOT_KNOWN
        case "Geometry" | "Geography" | "Raster":
            return _geometry(name, made)
        case _:
            spelling = TYPES.get(name)
            return NOT_KNOWN if spelling is None else _written(spelling, made)


def _written(spelling: Spelling, made: Made | None) -> Typed:
    values: list[str] = []
    for place, argument in enumerate(spelling.arguments):
        value = None if made is None else made.get(argument, place)
        if value is UNKNOWN or (made is not None and not made.complete):
            return NOT_KNOWN
        if isinstance(value, int) and not isinstance(value, bool):
            values.append(str(value))
    if spelling.name == "FLOAT":
        small = bool(values) and int(values[0]) < _DOUBLE_FROM
        return Typed("REAL" if small else "FLOAT")
    if not values and spelling.otherwise:
        values = [spelling.otherwise]
    size = f"({', '.join(values)})" if values else ""
    if not spelling.zone:
        return Typed(f"{spelling.name}{size}")
    zone = False if made is None else made.get("timezone", 0, default=False)
    precision = None if made is None else made.get("precision", 1)
    if zone is UNKNOWN:
        return NOT_KNOWN
    exact = f"({precision})" if isinstance(precision, int) else ""
    return Typed(f"{spelling.name}{exact} {'WITH' if zone else 'WITHOUT'} TIME ZONE")


def _array(made: Made | None, types: Types, depth: int) -> Typed:
    if made is None:
        return NOT_KNOWN
    inner = typed(made.get("item_type", 0, UNKNOWN), types, depth + 1)
    dimensions = made.get("dimensions", 2, 1)
    count = dimensions if isinstance(dimensions, int) else 1
    if not inner.text:
        return NOT_KNOWN
    return msgspec.structs.replace(inner, text=inner.text + "[]" * max(1, count))


def _enum(name: str, made: Made | None, types: Types, depth: int) -> Typed:
    if made is None:
        return NOT_KNOWN
    if name == "ChoiceType":
        impl = made.get("impl", 1)
        return Typed("VARCHAR(255)") if impl is None else typed(impl, types, depth + 1)
    given = [one.value for one in made.arguments]
    named = made.get("name")
    labels: tuple[str, ...] | None
    if given and not isinstance(given[0], str):
        labels = types.labels(given[0])
        if named is None and isinstance(given[0], ClassThing):
            named = given[0].key.rpartition(":")[2].rpartition(".")[2].lower()
        if not _is_nothing(made.get("values_callable")):
            labels = None
    else:
        known = made.complete and all(isinstance(one, str) for one in given)
        labels = tuple(given) if known else None
    if made.get("native_enum", default=True) is False:
        length = made.get("length")
        if not isinstance(length, int) and labels is None:
            return NOT_KNOWN
        if not isinstance(length, int):
            length = max(map(len, labels or ()), default=0)
        checked = made.get("create_constraint", default=False) is True
        return Typed(f"VARCHAR({length})" if length else "VARCHAR", checked=checked)
    if not isinstance(named, str):
        return NOT_KNOWN
    schema = made.get("schema")
    makes = made.get("create_type", default=True) is not False
    return Typed(named, labels, schema if isinstance(schema, str) else None, makes)


def _is_nothing(thing: Thing) -> bool:
    return thing is None


def _geometry(name: str, made: Made | None) -> Typed:
    kind = "GEOMETRY" if made is None else made.get("geometry_type", 0, "GEOMETRY")
    number = -1 if made is None else made.get("srid", 1, -1)
    if not isinstance(kind, str) or not isinstance(number, int):
        return Typed(name.lower())
    return Typed(f"{name.lower()}({kind},{number})")


def given_things(values: Thing) -> tuple[Given, ...]:
    """The elements of a collection as arguments."""
    if isinstance(values, Items):
        return values.values
    return tuple(values.values.values()) if isinstance(values, Pairs) else ()

"""What the annotation of an attribute says of its column or relation: `Mapped[int | None]`."""

from __future__ import annotations

import msgspec

from backend_analyzers.facts.alchemy.columns import COLUMNS
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Alternative,
    ClassThing,
    Generic,
    Items,
    Made,
    Named,
    Thing,
    plain,
)
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, Typed, Types, typed
from backend_analyzers.libraries.sqlalchemy_types import PYTHON_TYPES

MAPPED = frozenset(
    {"Mapped", "WriteOnlyMapped", "DynamicMapped", "MappedColumn", "MappedSQLExpression"}
)
_COLLECTIONS = frozenset(
    {
        *("list", "List", "set", "Set", "Sequence", "Collection", "Iterable", "dict", "Dict"),
        *("AppenderQuery", "KeyFuncDict", "InstrumentedList", "MutableSequence", "InstrumentedSet"),
    }
)
_OPTIONAL = frozenset({"Optional"})

TypeMap = tuple[tuple[Thing, Thing], ...]
"""Types of Python with what they are in the database: `type_annotation_map`."""


class Annotation(msgspec.Struct, frozen=True, eq=False):
    """An annotation taken apart: the innermost type, and what stands around it.

    `columns` are the `mapped_column(…)`s of `Annotated`, outermost first, `forms` the type with all
    that it passed on the way in, for type maps.
    """

    inner: Thing
    optional: bool = False
    many: bool = False
    wrapper: str = ""
    columns: tuple[Made, ...] = ()
    forms: tuple[Thing, ...] = ()
    is_class: bool = False
    extras: tuple[Thing, ...] = ()


def annotation(thing: Thing) -> Annotation:
    """Take an annotation apart."""
    found = Annotation(thing)
    for _ in range(12):
        step = _stripped(found)
        if step is None:
            break
        found = step
    return found


def _stripped(found: Annotation) -> Annotation | None:
    thing = found.inner
    replace = msgspec.structs.replace
    if isinstance(thing, Alternative):
        rest = [one for one in thing.options if one is not None and not _is_none(one)]
        if len(rest) == 1:
            return replace(found, inner=rest[0], optional=True)
        return None
    if not isinstance(thing, Generic) or not isinstance(thing.base, Named):
        return None
    last = thing.base.last
    index = thing.index
    parts = tuple(index) if isinstance(index, Items) else (index,)
    if last in MAPPED:
        return replace(found, inner=index, wrapper=last, many=found.many or last[0] in "WD")
    if last in _OPTIONAL:
        return replace(found, inner=index, optional=True)
    if last == "Union":
        return replace(found, inner=Alternative(parts))
    if last == "ClassVar":
        return replace(found, inner=UNKNOWN, is_class=True)
    if last == "Annotated" and parts:
        made = tuple(one for one in parts[1:] if isinstance(one, Made) and one.last in COLUMNS)
        return replace(
            found,
            inner=parts[0],
            columns=(*found.columns, *made),
            forms=(*found.forms, thing),
            extras=(*found.extras, *parts[1:]),
        )
    if last in _COLLECTIONS and parts:
        return replace(found, inner=parts[-1], many=True, forms=(*found.forms, thing))
    return None


def _is_none(thing: Thing) -> bool:
    return isinstance(thing, Named) and thing.last in {"None", "NoneType"}


def python_type(found: Annotation, map_: TypeMap, types: Types) -> Typed:
    """The type of a column that only its annotation tells."""
    for form in (*found.forms, found.inner):
        for key, value in map_:
            if same(form, key):
                return typed(value, types)
    if found.many:
        return NOT_KNOWN
    inner = found.inner
    if isinstance(inner, Named):
        name = inner.name.removeprefix("builtins.")
        if name in PYTHON_TYPES:
            return typed(Named(f"sqlalchemy.{PYTHON_TYPES[name]}"), types)
        for extra in found.extras:
            kind = typed(extra, types)
            if kind.text:
                return kind
        return NOT_KNOWN
    if (
        isinstance(inner, Generic)
        and isinstance(inner.base, Named)
        and inner.base.last == "Literal"
    ):
        values = tuple(inner.index) if isinstance(inner.index, Items) else (inner.index,)
        if all(isinstance(one, str) for one in values):
            return Typed(f"VARCHAR({max(map(len, values))})")
        return NOT_KNOWN
    if isinstance(inner, ClassThing):
        labels = types.labels(inner)
        if labels is not None:
            name = inner.key.rpartition(":")[2].rpartition(".")[2].lower()
            return Typed(name, labels, makes=True)
    return NOT_KNOWN


def same(one: Thing, other: Thing) -> bool:
    """Whether two things are the same type."""
    match one, other:
        case (Named(name=a), Named(name=b)) | (ClassThing(key=a), ClassThing(key=b)):
            return bool(a == b)
        case Generic(), Generic():
            return same(one.base, other.base) and same(one.index, other.index)
        case Items(), Items():
            first, second = tuple(one), tuple(other)
            return len(first) == len(second) and all(map(same, first, second))
        case Made(), Made():
            return one.node == other.node and one.unit == other.unit
        case _:
            return plain(one) and plain(other) and type(one) is type(other) and bool(one == other)

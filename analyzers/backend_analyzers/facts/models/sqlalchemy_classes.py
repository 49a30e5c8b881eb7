"""The classes of one file as SQLAlchemy would read them, each on its own."""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.annotations import Annotation, annotation
from backend_analyzers.facts.alchemy.columns import ColumnRead, column
from backend_analyzers.facts.alchemy.declared import Declared, DeclaredClass, Late, Member
from backend_analyzers.facts.alchemy.tables import is_column
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    ColumnOf,
    Made,
    Pairs,
    Thing,
)
from backend_analyzers.facts.alchemy.world import COLUMN_CALLS, Reader, World
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.source import Place

RELATIONS = frozenset({"relationship", "Relationship", "relation", "dynamic_loader"})
_COMPUTED = frozenset(
    {
        *("association_proxy", "synonym", "composite", "query_expression", "hybrid_property"),
        *("column_property", "deferred", "aggregated", "observes"),
    }
)


class MemberRead(msgspec.Struct, frozen=True, eq=False):
    """An attribute of a class.

    A `deferred` one says what it is only when the class that has it is known.
    """

    name: str
    at: Place
    kind: Literal["column", "relation", "computed", "deferred", "value"]
    column: ColumnRead | None = None
    made: Made | None = None
    note: Annotation | None = None
    member: Member | None = None


class ClassRead(msgspec.Struct, frozen=True, eq=False):
    """A class of a file; `key` is its path and name."""

    key: str
    at: Place
    declared: DeclaredClass
    members: tuple[MemberRead, ...]
    specials: dict[str, Member]
    """`__tablename__`, `__table_args__` and their like."""
    is_table: bool
    """Whether it is declared with `table=True`, as SQLModel wants it."""


class TableRead(msgspec.Struct, frozen=True, eq=False):
    """A `Table(…)` and the name that it is given, "" when it has none."""

    name: str
    at: Place
    made: Made


class FileRead(msgspec.Struct, frozen=True, eq=False):
    """The classes and tables of a file, and what is said of them afterwards."""

    classes: tuple[ClassRead, ...]
    tables: tuple[TableRead, ...]
    late: tuple[tuple[Late, Thing], ...]
    conventions: tuple[dict[str, str], ...]


def read_file(path: str, known: Declared, world: World) -> FileRead:
    """Read what a file declares."""
    reader = world.reader(path)
    classes = tuple(_class(path, one, reader) for one in known.classes)
    tables: list[TableRead] = []
    conventions: list[dict[str, str]] = []
    for member in known.values:
        if isinstance(member.value, ir.Call) and _last(member.value) in _WANTED:
            thing = reader.own(member)
            if is_table(thing):
                at = Place(path, member.unit, member.start, member.end)
                tables.append(TableRead(member.name, at, thing))
            else:
                conventions += _conventions(thing)
    late = tuple((one, _late(one, reader)) for one in known.late)
    for one, thing in late:
        if one.target.endswith(".naming_convention"):
            conventions += _templates(thing)
        elif not one.target and is_table(thing):
            tables.append(TableRead("", Place(path, one.unit, one.start, one.end), thing))
    for declared in known.classes:
        for member in declared.members:
            if member.name == "metadata" and member.value is not None:
                conventions += _conventions(_evaluated(reader, member, {}))
    return FileRead(classes, tuple(tables), late, tuple(conventions))


_WANTED = frozenset({"Table", "MetaData", "SQLAlchemy", "declarative_base"})


def is_table(thing: Thing) -> bool:
    """Whether a thing is a `Table(…)`."""
    return isinstance(thing, Made) and thing.last == "Table" and is_alchemy(thing.name)


def _conventions(thing: Thing, depth: int = 0) -> list[dict[str, str]]:
    """The naming convention of a `MetaData(…)`, also inside of what it is handed to."""
    if not isinstance(thing, Made) or depth > 2:  # noqa: PLR2004
        return []
    if thing.last == "MetaData":
        return _templates(thing.get("naming_convention"))
    found: list[dict[str, str]] = []
    for one in (*thing.arguments, *thing.named.values()):
        found += _conventions(one.value, depth + 1)
    return found


def _templates(thing: Thing) -> list[dict[str, str]]:
    if not isinstance(thing, Pairs):
        return []
    return [{str(k): v.value for k, v in thing.values.items() if isinstance(v.value, str)}]


def _late(late: Late, reader: Reader) -> Thing:
    before, reader.unit, reader.left = reader.unit, late.unit, max(reader.left, 5_000)
    found = reader.value(late.value, {})
    reader.unit = before
    return found


def _class(path: str, declared: DeclaredClass, reader: Reader) -> ClassRead:
    key = f"{path}:{declared.name}"
    if not _may_be_mapped(declared):
        at = Place(path, declared.unit, declared.start, declared.end)
        return ClassRead(key, at, declared, (), {}, is_table=False)
    is_sqlmodel = reader.world.is_named(key, "SQLModel")
    names = ClassNames(reader, key, declared)
    members: dict[str, MemberRead] = {}
    specials: dict[str, Member] = {}
    for member in declared.members:
        is_special = member.name.startswith("__") and member.name.endswith("__")
        if is_special or member.name.endswith("table_args"):
            specials[member.name] = member
            continue
        at = Place(path, member.unit, member.start, member.end)
        read = _member(member, at, reader, names, is_sqlmodel=is_sqlmodel)
        if read is not None:
            members[member.name] = read
    table = next((one.value for one in declared.bases if one.name == "table"), None)
    return ClassRead(
        key,
        Place(path, declared.unit, declared.start, declared.end),
        declared,
        tuple(members.values()),
        specials,
        isinstance(table, ir.Constant) and table.value is True,
    )


_MAPS = COLUMN_CALLS | RELATIONS | _COMPUTED


def _may_be_mapped(declared: DeclaredClass) -> bool:
    """A cheap look: whether a class has anything that a model, or a mixin of models, may have."""
    for member in declared.members:
        value = member.value
        if member.name in _SPECIALS or member.name.endswith("table_args"):
            return True
        if isinstance(value, ir.Call) and _last(value) in _MAPS:
            return True
        if member.annotation is not None:
            return True
        if member.function is not None and member.function.decorators and member.function.body:
            return True
    return any(one.name == "table" for one in declared.bases)


_SPECIALS = frozenset({"__tablename__", "__table__", "__abstract__", "__mapper_args__"})


class ClassNames(dict[str, Thing]):
    """The names in the body of a class, read when they are asked for."""

    def __init__(self, reader: Reader, key: str, declared: DeclaredClass) -> None:
        super().__init__()
        self.reader = reader
        self.key = key
        self.members = {one.name: one for one in declared.members}

    def __contains__(self, name: object) -> bool:
        return name in self.members

    def __getitem__(self, name: str) -> Thing:
        member = self.members[name]
        value = member.value
        if isinstance(value, ir.Call) and _last(value) in COLUMN_CALLS | RELATIONS:
            return ColumnOf(name, self.key)
        if value is None:
            return ColumnOf(name, self.key)
        found = _evaluated(self.reader, member, self)
        return ColumnOf(name, self.key) if is_column(found) else found


def _evaluated(reader: Reader, member: Member, names: dict[str, Thing]) -> Thing:
    if member.value is None:
        return UNKNOWN
    before, reader.unit, reader.left = reader.unit, member.unit, max(reader.left, 5_000)
    hidden = names.members.pop(member.name, None) if isinstance(names, ClassNames) else None
    found = reader.value(member.value, names)
    if hidden is not None and isinstance(names, ClassNames):
        names.members[member.name] = hidden
    reader.unit = before
    return found


def _member(
    member: Member, at: Place, reader: Reader, names: ClassNames, *, is_sqlmodel: bool
) -> MemberRead | None:
    if member.function is not None:
        return _function(member, at, reader)
    note = None
    if member.annotation is not None:
        note = annotation(reader.value(member.annotation, {}))
        if note.is_class:
            return None
    if member.value is None:
        if note is not None and (note.wrapper or is_sqlmodel):
            kind: Literal["relation", "column"] = (
                "relation" if note.wrapper[:1] in {"W", "D"} else "column"
            )
            return MemberRead(member.name, at, kind, note=note, member=member)
        return None
    thing = _evaluated(reader, member, names)
    return classified(thing, member, at, reader, note, is_sqlmodel=is_sqlmodel)


def classified(
    thing: Thing,
    member: Member,
    at: Place,
    reader: Reader,
    note: Annotation | None,
    *,
    is_sqlmodel: bool = False,
) -> MemberRead | None:
    """What a value makes of the attribute that it is given to."""
    name = member.name
    if isinstance(thing, Made):
        if is_column(thing):
            return MemberRead(name, at, "column", column(thing, reader), thing, note, member)
        last = thing.last
        if last in {"deferred", "column_property"} and thing.arguments:
            inner = thing.arguments[0].value
            if is_column(inner):
                return MemberRead(name, at, "column", column(inner, reader), inner, note, member)
        if last in RELATIONS:
            return MemberRead(name, at, "relation", made=thing, note=note, member=member)
        if last == "Field" and is_sqlmodel:
            return MemberRead(name, at, "column", made=thing, note=note, member=member)
        if last in _COMPUTED or last in {"hybrid", "index_property"}:
            return MemberRead(name, at, "computed", made=thing, note=note, member=member)
    if note is not None and (note.wrapper or is_sqlmodel):
        # `id: Mapped[int] = some_helper()` may be any column; a plain value is its default.
        made = thing if isinstance(thing, Made) else None
        return MemberRead(name, at, "column", made=made, note=note, member=member)
    return MemberRead(name, at, "value", member=member)


def _function(member: Member, at: Place, reader: Reader) -> MemberRead | None:
    function = member.function
    assert function is not None
    decorators = [_last_of(one) for one in function.decorators]
    if any(one.startswith("hybrid") or one == "declared_attr.hybrid" for one in decorators):
        return MemberRead(member.name, at, "computed", member=member)
    if any("declared_attr" in one or one == "cascading" for one in decorators):
        first = function.parameters[0].name if function.parameters else "cls"
        used = any(
            isinstance(node, ir.Name) and node.id == first
            for statement in function.body
            for node in ir.walk(statement)
        )
        note = None
        if function.returns is not None:
            note = annotation(reader.value(function.returns, {}))
        if not used:
            thing = reader.declared_attribute(member, ClassThing(f"{reader.path}:?", reader.path))
            found = classified(thing, member, at, reader, note)
            if found is not None and found.kind != "value":
                return found
        return MemberRead(member.name, at, "deferred", note=note, member=member)
    return None


def settled(read: MemberRead, key: str, world: World) -> MemberRead:
    """A deferred attribute, now that the class is known."""
    assert read.member is not None
    path = read.at.path
    reader = world.reader(path)
    thing = reader.declared_attribute(read.member, ClassThing(key, key.partition(":")[0]))
    found = classified(thing, read.member, read.at, reader, read.note)
    if found is None or (found.kind == "value" and thing is UNKNOWN):
        return read
    return found


def special(read: ClassRead, name: str, key: str, world: World) -> Thing:
    """The value of `__tablename__` and the like for the class `key`."""
    member = read.specials[name]
    reader = world.reader(read.at.path)
    if member.function is not None:
        return reader.declared_attribute(member, ClassThing(key, key.partition(":")[0]))
    return _evaluated(reader, member, ClassNames(reader, read.key, read.declared))


def _last(call: ir.Call) -> str:
    function = call.function
    if isinstance(function, ir.Attribute):
        return function.name
    return function.id if isinstance(function, ir.Name) else ""


def _last_of(decorator: ir.Expr) -> str:
    names: list[str] = []
    node = decorator.function if isinstance(decorator, ir.Call) else decorator
    while isinstance(node, ir.Attribute):
        names.append(node.name)
        node = node.value
    if isinstance(node, ir.Name):
        names.append(node.id)
    return ".".join(reversed(names))

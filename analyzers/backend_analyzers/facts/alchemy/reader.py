"""The expressions of one file, read with the names of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.declared import Member
from backend_analyzers.facts.alchemy.runs import Runner
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Closure,
    ColumnOf,
    EnumMember,
    Expression,
    Given,
    Items,
    Made,
    Module,
    Named,
    Thing,
    plain,
)
from backend_analyzers.facts.alchemy.things import Member as Attribute
from backend_analyzers.facts.alchemy.types import NOT_KNOWN, Typed
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy

if TYPE_CHECKING:
    from backend_analyzers.facts.alchemy.world import World

_DEEPEST = 12
COLUMN_CALLS = frozenset({"Column", "mapped_column", "deferred", "column_property", "Field"})


class Reader(Runner):
    """Reads the expressions of one file, with the names of all."""

    def __init__(self, world: World, path: str) -> None:
        super().__init__()
        self.world = world
        self.path = path
        self._known: dict[str, Thing] = {}
        self._looked_up: dict[str, Thing] = {}

    def own(self, member: Member) -> Thing:
        """What the file itself gives a name."""
        if member.name not in self._known:
            self._known[member.name] = UNKNOWN
            self._known[member.name] = self._own(member)
        return self._known[member.name]

    def _own(self, member: Member) -> Thing:
        if member.function is not None:
            return Closure(member.function, {}, self)
        if member.value is None:
            return UNKNOWN
        before, self.unit, self.left = self.unit, member.unit, max(self.left, 2_000)
        found = self.value(member.value, {})
        self.unit = before
        return found

    def look_up(self, name: str) -> Thing:
        """What a name of the module means."""
        if name not in self._looked_up:
            self._looked_up[name] = self.world.named(self.path, name)
        return self._looked_up[name]

    def imports(self, statement: ir.Import, names: dict[str, Thing]) -> None:
        """An import inside a function."""
        for one in statement.names:
            names[one.alias] = self.world.named(self.path, f"{statement.module}:{one.name}")

    def base(self, expression: ir.Expr) -> Thing:
        """A base of a class, without its type arguments."""
        if isinstance(expression, ir.Index):
            expression = expression.value
        return self.value(expression, {})

    def call(self, closure: Closure, made: Made) -> Thing:
        """A function of the project: read among the names of its own file."""
        if isinstance(closure.home, Reader) and closure.home is not self:
            if self.calls_deep > _DEEPEST:
                return UNKNOWN
            home = closure.home
            before = home.calls_deep
            home.calls_deep = self.calls_deep + 1
            found = home.call(closure, made)
            home.calls_deep = before
        else:
            found = super().call(closure, made)
        # What is not known of the result may be told by what the function was given.
        return found if _is_sure(found) else made

    def attribute(self, owner: Thing, name: str) -> Thing:
        """An attribute of a thing; what Flask-SQLAlchemy's object has is SQLAlchemy's."""
        if isinstance(owner, Module):
            return self.world.named(owner.path, name)
        if isinstance(owner, Made) and self.is_extension(owner):
            if name == "Model":
                return Attribute(owner, name)
            return Named(f"sqlalchemy.{name}")
        if isinstance(owner, EnumMember):
            return self.of_member(owner, name)
        if isinstance(owner, Attribute) and owner.name in {"c", "columns"}:
            return ColumnOf(name, _root(owner.owner))
        return super().attribute(owner, name)

    def formatted(self, thing: Thing) -> Thing:
        """Members of enums of numbers and texts are their values in a text."""
        plainly = ("IntEnum", "StrEnum", "ReprEnum", "IntFlag")
        if isinstance(thing, EnumMember) and self.world.is_named(thing.key, *plainly):
            return self.of_member(thing, "value")
        return thing

    def of_member(self, owner: EnumMember, name: str) -> Thing:
        """`State.paid.name` and `State.paid.value`."""
        if name == "name":
            return owner.name
        found = self.world.member(owner.key, owner.name)
        if name == "value" and found is not None and found[1].value is not None:
            reader = self.world.reader(self.world.classes[found[0]][0])
            return reader.value(found[1].value, {})
        return UNKNOWN

    def listed(self, made: Made) -> Made:
        """`frozenset(State)` has the members of an enum."""
        if len(made.arguments) != 1:
            return made
        kind = made.arguments[0].value
        names = self.labels(kind) if isinstance(kind, ClassThing) else None
        if names is None:
            return made
        members = tuple(Given(EnumMember(kind.key, name)) for name in names)
        return msgspec.structs.replace(made, arguments=(Given(Items("list", members)),))

    def is_extension(self, made: Made) -> bool:
        """Whether a call makes what `flask_sqlalchemy.SQLAlchemy` makes."""
        function = made.function
        if isinstance(function, Named):
            return function.last == "SQLAlchemy" and is_alchemy(function.name)
        return isinstance(function, ClassThing) and self.world.is_named(function.key, "SQLAlchemy")

    def attribute_of(self, owner: ClassThing, name: str) -> Thing:
        """An attribute of a class: a column, a constant, a member of an enum."""
        world = self.world
        if name == "__name__":
            return owner.key.rpartition(":")[2].rpartition(".")[2]
        if f"{owner.key}.{name}" in world.classes:
            return ClassThing(f"{owner.key}.{name}", owner.home)
        found = world.member(owner.key, name)
        if found is None:
            # Columns are not among what other files see of a class.
            known = owner.key not in world.classes or world.is_named(owner.key, *ENUMS)
            special = known or name.startswith("__")
            return Attribute(owner, name) if special else ColumnOf(name, owner.key)
        key, member = found
        value = member.value
        if isinstance(value, ir.Call) and _last(value) in COLUMN_CALLS:
            return ColumnOf(name, owner.key)
        if member.function is not None:
            if name.startswith("__"):
                return self.world.reader(world.classes[key][0]).declared_attribute(member, owner)
            return (
                ColumnOf(name, owner.key) if _is_column(member.function) else Attribute(owner, name)
            )
        if value is None:
            return ColumnOf(name, owner.key) if member.annotation is not None else UNKNOWN
        if world.is_named(owner.key, *ENUMS):
            return EnumMember(owner.key, name)
        read = world.reader(world.classes[key][0]).value(value, {})
        known = isinstance(read, Items | Named | ClassThing | EnumMember)
        return read if plain(read) or known else Attribute(owner, name)

    def declared_attribute(self, member: Member, owner: ClassThing) -> Thing:
        """What a `declared_attr` gives the class `owner`."""
        function = member.function
        if function is None or not function.body:
            return UNKNOWN
        before, self.unit, self.left = self.unit, member.unit, max(self.left, 5_000)
        node = ir.Call(function.start, function.end, ir.Name(0, 0, function.name), ())
        made = Made(None, (Given(owner),), {}, node, member.unit)
        found = Runner.call(self, Closure(function, {}, member.unit), made)
        self.unit = before
        return found

    # What the types of columns ask ---------------------------------------------------------------

    def implementation(self, kind: ClassThing, made: Made | None) -> Thing:
        """The type that a class of the project stands for: a `TypeDecorator`, a subclass of a type."""
        world = self.world
        if kind.key not in world.classes:
            return UNKNOWN
        found = world.member(kind.key, "load_dialect_impl")
        if found is not None and found[1].function is not None and found[1].function.body:
            chosen = self._for_postgresql(kind, *found)
            if chosen is not None:
                return chosen
        found = world.member(kind.key, "get_col_spec")
        if found is not None and found[1].function is not None:
            reader = world.reader(world.classes[found[0]][0])
            spelt = reader.declared_attribute(found[1], kind)
            return spelt if isinstance(spelt, str) else UNKNOWN
        found = world.member(kind.key, "impl")
        if found is not None and found[1].value is not None:
            reader = world.reader(world.classes[found[0]][0])
            impl = reader.value(found[1].value, {})
            return _given_to(impl, made) if world.member(kind.key, "__init__") is None else impl
        for base in world.lineage(kind.key)[1:]:
            if isinstance(base, Named) and is_alchemy(base.name):
                if base.last in {"TypeDecorator", "UserDefinedType", "TypeEngine", "MutableType"}:
                    return UNKNOWN
                return _given_to(base, made) if world.member(kind.key, "__init__") is None else base
        return UNKNOWN

    def _for_postgresql(self, kind: ClassThing, key: str, member: Member) -> Thing:
        """What `load_dialect_impl` chooses; None when that is the type's own `impl`."""
        reader = self.world.reader(self.world.classes[key][0])
        function = member.function
        assert function is not None
        node = ir.Call(function.start, function.end, ir.Name(0, 0, function.name), ())
        dialect = Made(Named("sqlalchemy.Dialect"), (), {}, node)
        made = Made(None, (Given(Attribute(kind, "self")), Given(dialect)), {}, node, member.unit)
        chosen = Runner.call(_Postgresql(reader), Closure(function, {}, member.unit), made)
        while isinstance(chosen, Made) and chosen.last == "type_descriptor":
            chosen = chosen.get("typeobj", 0, UNKNOWN)
        if isinstance(chosen, Attribute) and chosen.name in {"impl", "impl_instance"}:
            return None
        if isinstance(chosen, Made) and chosen.last == "load_dialect_impl":
            return None
        return chosen

    def outside(self, _name: str) -> Typed:
        """A type outside of the project is not known."""
        return NOT_KNOWN

    def labels(self, kind: Thing) -> tuple[str, ...] | None:
        """The names of the members of an enum."""
        if not isinstance(kind, ClassThing) or kind.key not in self.world.classes:
            return None
        if not self.world.is_named(kind.key, *ENUMS):
            return None
        found: list[str] = []
        for thing in reversed(self.world.lineage(kind.key)):
            if isinstance(thing, ClassThing):
                found += (
                    name
                    for name, member in self.world.members(thing.key).items()
                    if member.value is not None and not name.startswith("_")
                )
        return tuple(dict.fromkeys(found))


ENUMS = ("Enum", "IntEnum", "StrEnum", "IntFlag", "Flag", "ReprEnum")


def _is_sure(found: Thing) -> bool:
    if isinstance(found, Items):
        return found.complete and UNKNOWN not in list(found)
    return found is not UNKNOWN and not isinstance(found, Expression)


class _Postgresql(Reader):
    """Reads a function that asks which dialect it is for."""

    def __init__(self, around: Reader) -> None:
        super().__init__(around.world, around.path)

    def attribute(self, owner: Thing, name: str) -> Thing:
        if isinstance(owner, Made) and owner.last == "Dialect":
            return "postgresql" if name == "name" else Attribute(owner, name)
        return super().attribute(owner, name)


def _given_to(impl: Thing, made: Made | None) -> Thing:
    """A type made with the arguments of the class that stands for it."""
    if isinstance(impl, Named) and made is not None and (made.arguments or made.named):
        return msgspec.structs.replace(made, function=impl)
    return impl


def _last(call: ir.Call) -> str:
    function = call.function
    if isinstance(function, ir.Attribute):
        return function.name
    return function.id if isinstance(function, ir.Name) else ""


def _is_column(function: ir.Function) -> bool:
    return any(
        isinstance(node, ir.Call) and _last(node) in COLUMN_CALLS
        for statement in function.body
        for node in ir.walk(statement)
    )


def _root(thing: Thing) -> str:
    """The class, or the name of the table, whose columns are meant."""
    for _ in range(_DEEPEST):
        if isinstance(thing, ClassThing):
            return thing.key
        if isinstance(thing, Made):
            name = thing.get("name", 0)
            return f"table:{name}" if thing.last == "Table" and isinstance(name, str) else "?"
        if not isinstance(thing, Attribute):
            return "?"
        thing = thing.owner
    return "?"


def walked(things: tuple[Thing, ...]) -> Iterator[Thing]:
    """Things and what is in collections among them."""
    for thing in things:
        if isinstance(thing, Items):
            yield from walked(tuple(thing))
        else:
            yield thing

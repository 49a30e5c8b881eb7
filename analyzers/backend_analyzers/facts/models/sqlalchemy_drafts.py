"""Classes with what they inherit: which of them are mapped, to which table, with which attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backend_analyzers.facts.alchemy.annotations import TypeMap
from backend_analyzers.facts.alchemy.columns import ColumnRead
from backend_analyzers.facts.alchemy.constraints import ConstraintRead, constraint, is_constraint
from backend_analyzers.facts.alchemy.tables import table_items
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Items,
    Made,
    Named,
    Pairs,
    Thing,
)
from backend_analyzers.facts.alchemy.things import Member as Attribute
from backend_analyzers.facts.alchemy.world import World
from backend_analyzers.facts.models.sqlalchemy_classes import (
    ClassRead,
    FileRead,
    MemberRead,
    is_table,
    settled,
    special,
)
from backend_analyzers.facts.models.sqlalchemy_fields import field_column
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.ddl import TableName

BASES = frozenset(
    {"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel", "Base", "Model", "AutomapBase"}
)
"""The last names of classes outside of the project that make what derives from them a model."""
_MAKERS = frozenset({"declarative_base", "generate_base", "automap_base"})
_HARMLESS = frozenset(
    {
        *("object", "ABC", "Generic", "Protocol", "UserMixin", "AsyncAttrs", "MappedAsDataclass"),
        *("AnonymousUserMixin", "Enum", "str", "ABCMeta", "RoleMixin", "Searchable"),
    }
)


class Draft:
    """A class on its way to become a model."""

    def __init__(self, key: str, read: ClassRead) -> None:
        self.key = key
        self.read = read
        self.table: TableName | None = None
        self.parent = ""
        self.shares = False
        self.columns: dict[str, tuple[MemberRead, ColumnRead]] = {}
        self.computed: dict[str, MemberRead] = {}
        self.relations: dict[str, MemberRead] = {}
        self.constraints: list[ConstraintRead] = []
        self.known = True
        self.core: Made | None = None
        self.whole = True
        """Whether all of its constraints were read."""


class Drafts:
    """Finds the mapped classes, each with its columns and constraints, before tables are built."""

    def __init__(self, reads: Mapping[str, FileRead], world: World) -> None:
        self.world = world
        self.classes = {one.key: one for read in reads.values() for one in read.classes}
        self.found: dict[str, Draft | None] = {}
        self._maps: dict[str, TypeMap] = {}

    def all(self) -> list[Draft]:
        """Every mapped class."""
        for key in self.classes:
            self.draft(key)
        return [one for one in self.found.values() if one is not None]

    def draft(self, key: str) -> Draft | None:
        """The class as a model; None when it is none."""
        if key not in self.found:
            self.found[key] = None
            read = self.classes.get(key)
            if read is not None and self.is_mapped(key, read):
                self.found[key] = self._drafted(key, read)
        return self.found[key]

    def is_mapped(self, key: str, read: ClassRead) -> bool:
        """Whether a class is mapped to a table, itself."""
        if "__abstract__" in read.specials:
            value = special(read, "__abstract__", key, self.world)
            if value is not False:
                return False
        lineage = self.world.lineage(key)
        if any(isinstance(one, Named) and one.last == "SQLModel" for one in lineage):
            return read.is_table
        if any(_makes_a_base(base) for base in self.world.bases(key)):
            return False
        if any(_last(one) in {"mapped", "mapped_as_dataclass"} for one in read.declared.decorators):
            return True
        if not any(_is_base(one) for one in lineage[1:]) and not any(
            _is_declarative(self.classes.get(one.key))
            for one in lineage
            if isinstance(one, ClassThing)
        ):
            # A base that is not here: a class that names its table and has columns is a model.
            own = "__tablename__" in read.specials or "__table__" in read.specials
            unknown = any(one is UNKNOWN or isinstance(one, Named) for one in lineage[1:])
            return own and unknown and any(one.kind == "column" for one in read.members)
        return True

    def _drafted(self, key: str, read: ClassRead) -> Draft | None:
        draft = Draft(key, read)
        lineage = self.world.lineage(key)
        parents = [
            one.key
            for one in lineage[1:]
            if isinstance(one, ClassThing) and self.draft(one.key) is not None
        ]
        parent = self.draft(parents[0]) if parents else None
        own = self._own(draft, lineage, parents)
        name, schema = self._table(draft, own, parents, lineage)
        if name is None and parent is not None and parent.table is not None:
            draft.table, draft.shares = parent.table, True
        elif isinstance(name, str):
            draft.table = TableName(name, schema, read.at.start, read.at.end)
        else:
            return None
        draft.parent = parent.key if parent is not None else ""
        if parent is not None and draft.shares:
            draft.columns = {**parent.columns, **draft.columns}
            draft.known = draft.known and parent.known
        return draft

    def _own(self, draft: Draft, lineage: tuple[Thing, ...], parents: list[str]) -> list[ClassRead]:
        """Gather the members of the class and of its mixins; those of mapped parents stay theirs."""
        inherited: set[str] = set()
        for parent in parents:
            inherited |= {
                one.key for one in self.world.lineage(parent) if isinstance(one, ClassThing)
            }
        own: list[ClassRead] = []
        for thing in lineage:
            if isinstance(thing, ClassThing):
                read = self.classes.get(thing.key)
                if read is not None and thing.key not in inherited:
                    own.append(read)
                elif read is None:
                    draft.known = False
            elif not _is_harmless(thing):
                draft.known = False
        seen: set[str] = set()
        for read in own:
            for member in read.members:
                if member.name not in seen:
                    seen.add(member.name)
                    self._take(draft, member)
        return own

    def _take(self, draft: Draft, member: MemberRead) -> None:
        if member.kind == "deferred":
            member = settled(member, draft.key, self.world)
        match member.kind:
            case "column":
                read = field_column(member, self.world.reader(member.at.path), self.map_of(draft))
                if read is None:
                    draft.relations[member.name] = member
                else:
                    draft.columns[member.name] = (member, read)
                    draft.known = draft.known and read.known
            case "relation":
                draft.relations[member.name] = member
            case "computed":
                draft.computed[member.name] = member
            case "deferred":
                draft.computed[member.name] = member
                draft.known = False
            case _:
                pass

    def map_of(self, draft: Draft) -> TypeMap:
        """`type_annotation_map` of the base of a class."""
        for thing in self.world.lineage(draft.key):
            if not isinstance(thing, ClassThing):
                continue
            if thing.key not in self._maps:
                self._maps[thing.key] = self._map(thing)
            if self._maps[thing.key]:
                return self._maps[thing.key]
        return ()

    def _map(self, thing: ClassThing) -> TypeMap:
        if thing.key not in self.world.classes:
            return ()
        member = self.world.members(thing.key).get("type_annotation_map")
        reader = self.world.reader(thing.key.partition(":")[0])
        value = None if member is None else member.value
        if value is None:
            registry = self.world.members(thing.key).get("registry")
            call = None if registry is None else registry.value
            arguments = getattr(call, "arguments", ())
            value = next((a.value for a in arguments if a.name == "type_annotation_map"), None)
        entries = getattr(value, "entries", ())
        return tuple(
            (reader.value(one.key, {}), reader.value(one.value, {}))
            for one in entries
            if one.key is not None
        )

    # Tables -------------------------------------------------------------------------------------

    def _table(
        self, draft: Draft, own: list[ClassRead], parents: list[str], lineage: tuple[Thing, ...]
    ) -> tuple[str | object | None, str | None]:
        """The name and the schema of the table of a class; a name of None is that of its parent."""
        schema = self._arguments(draft, own)
        for read in own:
            if "__table__" in read.specials:
                table = special(read, "__table__", draft.key, self.world)
                if is_table(table):
                    draft.core = table
                    self._from_core(draft, table)
                    space = table.get("schema")
                    return table.get("name", 0, UNKNOWN), space if isinstance(space, str) else None
                return UNKNOWN, None
        for read in own:
            if "__tablename__" in read.specials:
                name = special(read, "__tablename__", draft.key, self.world)
                if name is None and parents:
                    return None, schema
                return (name if isinstance(name, str) else UNKNOWN), schema
        if any(isinstance(one, Named) and one.last == "SQLModel" for one in lineage):
            return draft.key.rpartition(":")[2].rpartition(".")[2].lower(), schema
        flask = any(_is_flask(one, self.world.reader(draft.read.at.path)) for one in lineage)
        has_key = any(read.primary_key for _, read in draft.columns.values())
        if flask and (has_key or not parents):
            return _snake(draft.key.rpartition(":")[2].rpartition(".")[2]), schema
        return (None if parents else UNKNOWN), schema

    def _from_core(self, draft: Draft, table: Made) -> None:
        reader = self.world.reader(draft.read.at.path)
        items = table_items(
            (one.value for one in table.arguments[2:]), reader, known=table.complete
        )
        for read in items.columns:
            member = MemberRead(read.key or read.name, draft.read.at, "column", read)
            draft.columns.setdefault(member.name, (member, read))
        draft.constraints += items.constraints
        draft.known = draft.known and items.known

    def _arguments(self, draft: Draft, own: list[ClassRead]) -> str | None:
        """Read `__table_args__` into the draft; the schema that it says."""
        for read in own:
            if "__table_args__" not in read.specials:
                continue
            thing = special(read, "__table_args__", draft.key, self.world)
            schema = self._argument(draft, thing)
            if not (isinstance(thing, Pairs) or _is_whole(thing)):
                # A helper puts together what the classes say under names of its own.
                schema = self._parts(draft, own) or schema
            return schema
        return None

    def _parts(self, draft: Draft, own: list[ClassRead]) -> str | None:
        schema = None
        draft.whole = False
        for read in own:
            for name in read.specials:
                if name.endswith("table_args") and name != "__table_args__":
                    thing = special(read, name, draft.key, self.world)
                    schema = self._argument(draft, thing) or schema
        return schema

    def _argument(self, draft: Draft, thing: Thing) -> str | None:
        match thing:
            case Pairs(values=values):
                schema = values["schema"].value if "schema" in values else None
                return schema if isinstance(schema, str) else None
            case Items():
                schema = None
                for one in thing:
                    found = self._argument(draft, one)
                    schema = found or schema
                draft.whole = draft.whole and thing.complete
                return schema
            case Made() if is_constraint(thing):
                read = constraint(thing)
                if read is not None:
                    draft.constraints.append(read)
                else:
                    draft.whole = False
                return None
            case Made():
                # A helper that puts arguments together is told the schema.
                schema = thing.get("schema")
                return schema if isinstance(schema, str) else None
            case _:
                return None


def _is_whole(thing: Thing) -> bool:
    return isinstance(thing, Items) and thing.complete and UNKNOWN not in list(thing)


def _makes_a_base(thing: Thing) -> bool:
    """Whether what derives from a thing is a base of models rather than one."""
    if not isinstance(thing, Named):
        return False
    flask = thing.name.startswith("flask_sqlalchemy.") and thing.last == "Model"
    return flask or thing.last.startswith("DeclarativeBase")


def _is_base(thing: Thing) -> bool:
    """Whether deriving from a thing makes a class a model."""
    match thing:
        case Named(name=name):
            return is_alchemy(name) and thing.last in BASES
        case Made():
            return thing.last in _MAKERS
        case Attribute(name="Model" | "Base"):
            return True
        case _:
            return False


def _is_declarative(read: ClassRead | None) -> bool:
    """Whether a class is made a base by a decorator: `@as_declarative()`."""
    return read is not None and any(
        _last(one) == "as_declarative" for one in read.declared.decorators
    )


def _is_harmless(thing: Thing) -> bool:
    """Whether a base outside of the project brings no columns."""
    if isinstance(thing, Named):
        return thing.last in _HARMLESS or is_alchemy(thing.name)
    return isinstance(thing, Made | Attribute) and _is_base(thing)


def _is_flask(thing: Thing, reader: object) -> bool:
    del reader
    if isinstance(thing, Attribute):
        return thing.name == "Model"
    return isinstance(thing, Named) and thing.name.startswith("flask_") and thing.last == "Model"


def _snake(name: str) -> str:
    """The name of a table as Flask-SQLAlchemy makes it from that of its class."""
    return _CAMEL.sub(r"_\1", name).lower().lstrip("_")


_CAMEL = re.compile(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))")


def _last(decorator: object) -> str:
    node = getattr(decorator, "function", decorator)
    return getattr(node, "name", "") or getattr(node, "id", "")

"""What a migration takes from other files: names of tables (`Order.__tablename__`) and types of columns."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from backend_analyzers.facts.alchemy.things import UNKNOWN, ClassThing, Module, Thing
from backend_analyzers.facts.alchemy.types import REFERENCE, typed
from backend_analyzers.facts.alchemy.world import World
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.sql.ddl import DdlStatement, Opaque
from backend_analyzers.sql.types import normalised_type

_REFERENCE = re.compile(f"{REFERENCE}([^\x02]*)\x02")


def referred(migration: Migration, path: str, world: World) -> Migration:
    """A migration with what it refers to; an operation on a table that is not known may change any."""
    reader = _References(path, world)
    operations = tuple(reader.operation(one) for one in migration.operations)
    complete = migration.complete and not reader.lost
    return msgspec.structs.replace(migration, operations=operations, complete=complete)


class _References:
    """Follows references of one file."""

    def __init__(self, path: str, world: World) -> None:
        self.path = path
        self.world = world
        self.lost = False
        self._missing = False

    def operation(self, operation: Operation) -> Operation:
        """An operation with what it refers to."""
        self._missing = False
        ddl = tuple(self._replaced(one) for one in operation.ddl)
        sql = self._text(operation.sql)
        if self._missing:
            self.lost = True
            at = operation.at
            opaque = Opaque((), True, at.start, at.end)
            ddl = (DdlStatement("postgresql", at.start, at.end, (opaque,), False),)
            sql = ""
        return msgspec.structs.replace(operation, ddl=ddl, sql=sql)

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._replaced(one) for one in value)
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, msgspec.Struct):
            return value
        changes: dict[str, Any] = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            if name in {"type", "type_text"} and isinstance(old, str) and REFERENCE in old:
                text = _REFERENCE.sub(lambda found: self._type(found[1]), old)
                changes[name] = normalised_type(text) if name == "type" and text else text
            elif isinstance(old, tuple | str | msgspec.Struct):
                new = self._replaced(old)
                if new is not old and new != old:
                    changes[name] = new
        return msgspec.structs.replace(value, **changes) if changes else value

    def _text(self, text: str) -> str:
        if REFERENCE not in text:
            return text
        return _REFERENCE.sub(lambda found: self._table(found[1]), text)

    def _thing(self, name: str) -> Thing:
        """What a qualified name means, seen from the file."""
        module, _, last = name.rpartition(".")
        found = self.world.named(self.path, f"{module}:{last}")
        if not isinstance(found, ClassThing) and "." in module:
            # `from app import models`, then `models.Order`.
            above, _, middle = module.rpartition(".")
            inner = self.world.named(self.path, f"{above}:{middle}")
            if isinstance(inner, Module):
                return self.world.named(inner.path, last)
        return found

    def _table(self, name: str) -> str:
        thing = self._thing(name)
        if isinstance(thing, ClassThing):
            reader = self.world.reader(thing.key.partition(":")[0])
            table = reader.attribute_of(thing, "__tablename__")
            if isinstance(table, str):
                return table
        self._missing = True
        return ""

    def _type(self, name: str) -> str:
        thing = self._thing(name)
        return "" if thing is UNKNOWN else typed(thing, self.world.reader(self.path)).text

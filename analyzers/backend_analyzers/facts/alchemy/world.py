"""Names across files: what they lead to, and the classes behind them."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.alchemy.declared import Declared, DeclaredClass, Member
from backend_analyzers.facts.alchemy.operations import BUILTINS
from backend_analyzers.facts.alchemy.reader import COLUMN_CALLS, Reader
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Module,
    Named,
    Thing,
)
from backend_analyzers.facts.modules import Modules, trail
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy


class World:
    """What every file defines, and where names lead."""

    def __init__(self, modules: Modules, definitions: Mapping[str, Declared]) -> None:
        self.modules = modules
        self.classes: dict[str, tuple[str, DeclaredClass]] = {}
        self.values: dict[str, dict[str, Member]] = {}
        self._in_file: dict[str, set[str]] = {}
        self._readers: dict[str, Reader] = {}
        self._bases: dict[str, tuple[Thing, ...]] = {}
        self._mros: dict[str, tuple[Thing, ...]] = {}
        self._members: dict[str, dict[str, Member]] = {}
        for path, one in definitions.items():
            if one.values:
                self.values[path] = {member.name: member for member in one.values}
            if one.classes:
                self._in_file[path] = {declared.name for declared in one.classes}
            for declared in one.classes:
                self.classes[f"{path}:{declared.name}"] = (path, declared)

    def reader(self, path: str) -> Reader:
        """Reads expressions of a file."""
        if path not in self._readers:
            self._readers[path] = Reader(self, path)
        return self._readers[path]

    def defined(self, path: str, name: str) -> Thing:
        """What a file defines under a name, or None."""
        if name in self._in_file.get(path, ()):
            return ClassThing(f"{path}:{name}", path)
        if name in self.values.get(path, {}):
            return self.reader(path).own(self.values[path][name])
        return None

    def named(self, path: str, name: str) -> Thing:
        """What a name means in a file."""
        found = self.defined(path, name)
        if found is not None:
            return found
        last = None
        for step in trail(self.modules, path, name):
            last = step
            module, colon, rest = step.name.rpartition(":")
            if colon and is_alchemy(module):
                # Also where the project has a package of that name, somewhere.
                return Named(f"{module}.{rest}".rstrip("."))
            if not step.path:
                return Named(step.name.lstrip("."))
            if (step.path, step.name) != (path, name):
                if not step.name:
                    return Module(step.path)
                found = self.defined(step.path, step.name)
                if found is not None:
                    return found
        if last is not None and (last.path, last.name) == (path, name):
            if name in BUILTINS:
                return Named(f"builtins.{name}")
            return self._from_star(path, name)
        return UNKNOWN

    def _from_star(self, path: str, name: str) -> Thing:
        """A name that `from sqlalchemy import *` may have brought."""
        known = self.modules.surfaces.get(path)
        for module in known.stars if known is not None else ():
            if is_alchemy(module):
                return Named(f"{module}.{name}")
        return UNKNOWN

    def bases(self, key: str) -> tuple[Thing, ...]:
        """The bases of a class as things."""
        if key not in self._bases:
            self._bases[key] = ()
            path, declared = self.classes[key]
            reader = self.reader(path)
            self._bases[key] = tuple(
                reader.base(one.value) for one in declared.bases if not one.name and not one.spread
            )
        return self._bases[key]

    def lineage(self, key: str) -> tuple[Thing, ...]:
        """The class and all that it derives from, nearest first."""
        if key not in self._mros:
            path = self.classes[key][0]
            self._mros[key] = (ClassThing(key, path),)  # for classes that derive from themselves
            self._mros[key] = self._linearised(key)
        return self._mros[key]

    def _linearised(self, key: str) -> tuple[Thing, ...]:
        own = ClassThing(key, self.classes[key][0])
        bases = self.bases(key)
        lists = [list(self._of(base)) for base in bases]
        lists.append(list(bases))
        merged = _c3(lists)
        if merged is None:
            seen: dict[object, Thing] = {}
            for one in (thing for found in lists for thing in found):
                seen.setdefault(_identity(one), one)
            merged = list(seen.values())
        return (own, *merged)

    def _of(self, thing: Thing) -> tuple[Thing, ...]:
        if isinstance(thing, ClassThing) and thing.key in self.classes:
            return self.lineage(thing.key)
        return (thing,)

    def members(self, key: str) -> dict[str, Member]:
        """The members of a class by name."""
        if key not in self._members:
            self._members[key] = {one.name: one for one in self.classes[key][1].members}
        return self._members[key]

    def member(self, key: str, name: str) -> tuple[str, Member] | None:
        """A member of a class or of what it derives from, and the class that has it."""
        for thing in self.lineage(key) if key in self.classes else ():
            if isinstance(thing, ClassThing) and name in self.members(thing.key):
                return thing.key, self.members(thing.key)[name]
        return None

    def is_named(self, key: str, *names: str) -> bool:
        """Whether a class derives from something outside of the project with one of these last names."""
        if key not in self.classes:
            return False
        return any(isinstance(one, Named) and one.last in names for one in self.lineage(key))


def _identity(thing: Thing) -> object:
    if isinstance(thing, ClassThing):
        return thing.key
    return thing.name if isinstance(thing, Named) else id(thing)


def _c3(lists: list[list[Thing]]) -> list[Thing] | None:
    """The order in which Python looks for attributes, or None where it would refuse."""
    merged: list[Thing] = []
    rest = [found for found in lists if found]
    while rest:
        for candidates in rest:
            head = _identity(candidates[0])
            if not any(head in map(_identity, others[1:]) for others in rest):
                break
        else:
            return None
        merged.append(candidates[0])
        rest = [
            left for found in rest if (left := found[1:] if _identity(found[0]) == head else found)
        ]
    return merged


__all__ = ["COLUMN_CALLS", "Reader", "World"]

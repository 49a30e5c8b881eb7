"""Facts about units and files: pure functions, each computed at most once for what it is about.

- A *unit fact* of a `Code` (one unit of a file with its context) is kept as long as the unit's text
  and the module scope stay the same, so a keystroke recomputes one unit.
- A *file fact* of a `File` is identified by the file's content, and kept on disk for closed files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, cast, get_type_hints

from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import Scope, declared_names, scope
from backend_analyzers.ir import Module
from backend_analyzers.source import File
from backend_analyzers.syntax import module
from backend_analyzers.versions import difference

T = TypeVar("T")


class UnitFact(Generic[T]):
    """A pure function of one unit, computed at most once for each `Code`."""

    def __init__(self, compute: Callable[[Code], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    def __call__(self, code: Code) -> T:
        value: T = code.memo.get(self, _NOT_KNOWN)
        if value is _NOT_KNOWN:
            value = code.memo[self] = self.compute(code)
        return value

    def each(self, file: File) -> tuple[T, ...]:
        """The fact for each unit of a file of code; what is known of the version before is taken over."""
        key = (self,)
        known: _Each[T] | None = file.memo.get(key)
        if known is None:
            now = codes(file)
            was: _Each[T] = file.reused.get(key) or _Each((), ())
            start, old_end, new_end = difference(was.codes, now)
            made = map(self, now[start:new_end])
            known = _Each(now, (*was.values[:start], *made, *was.values[old_end:]))
            file.memo[key] = known
        return known.values


_NOT_KNOWN: Any = object()


class _Each(NamedTuple, Generic[T]):
    """The values of a unit fact for the units of a file."""

    codes: tuple[Code, ...]
    values: tuple[T, ...]


class FileFact(Generic[T]):
    """A pure function of one file, computed at most once for each content; its value is persisted."""

    def __init__(self, compute: Callable[[File], T]) -> None:
        self.compute = compute
        self.name = f"{compute.__module__.rpartition('.')[2]}.{compute.__name__}"
        self.__doc__ = compute.__doc__
        FILE_FACTS[self.name] = self

    def __call__(self, file: File) -> T:
        memo = file.memo
        if self not in memo:
            with file.lock:
                if self not in memo:
                    memo[self] = self.compute(file)
        return cast("T", memo[self])

    @property
    def type(self) -> Any:
        """The type of the value, by which it is read back from disk."""
        return get_type_hints(self.compute)["return"]


FILE_FACTS: dict[str, FileFact[Any]] = {}
"""Every file fact whose module has been imported, by name."""


def unit_fact(compute: Callable[[Code], T]) -> UnitFact[T]:
    """Declare a fact about one unit of code."""
    return UnitFact(compute)


def file_fact(compute: Callable[[File], T]) -> FileFact[T]:
    """Declare a fact about one file.  Its return type must be one that msgspec can encode."""
    return FileFact(compute)


def codes(file: File) -> tuple[Code, ...]:
    """The units of a file of code with their context; unchanged ones are the same objects as before."""
    if codes not in file.memo:
        file.memo[codes] = _codes(file)
    return cast("tuple[Code, ...]", file.memo[codes])


def _codes(file: File) -> tuple[Code, ...]:
    if not file.language.is_code:
        return ()
    around = scope(file)
    before, old = file.reused.get(_codes, ((), around))
    lowered = module(file)
    first, old_last, last = difference([code.unit for code in before], lowered.units)
    kept = {id(code.unit): code for code in before[first:old_last]}
    found = tuple(
        kept.get(id(unit)) or Code(file.path, file.language, unit, around)
        for unit in lowered.units[first:last]
    )
    found = (*before[:first], *found, *before[old_last:])
    if before and old != around:
        mentions = _mentions(file, lowered, old, around)
        found = tuple(
            Code(file.path, file.language, code.unit, around)
            if mentions(file.text, start, start + code.unit.node.end)
            else code
            for code, start in zip(found, lowered.offsets, strict=True)
        )
    file.memo[_codes] = (found, around)
    return found


def _mentions(
    file: File, lowered: Module, old: Scope, new: Scope
) -> Callable[[bytes, int, int], object]:
    """Whether a piece of text may see the difference of two scopes.

    Units that name nothing that changed keep what is known of them: somebody who types a statement at
    module level changes the scope with every keystroke, but of one name that few others use.
    """
    if (old.classes, old.attributes, old.exports, old.stars) != (
        new.classes,
        new.attributes,
        new.exports,
        new.stars,
    ):
        return lambda _text, _start, _end: True
    changed = {name for name in old.names.keys() | new.names.keys() if _differs(name, old, new)}
    while True:
        named = re.compile(b"|".join(_word(name) for name in sorted(changed)))
        # What mentions a changed name passes the change on by the names it declares itself.
        more = {
            name
            for unit, start in zip(lowered.units, lowered.offsets, strict=True)
            if named.search(file.text, start, start + unit.node.end)
            for name in declared_names(file, unit)
        }
        if more <= changed:
            return named.search
        changed |= more


def _word(name: str) -> bytes:
    """A pattern for a name; one with other letters than ASCII, or a `$`, also counts inside others."""
    escaped = re.escape(name.encode(errors="replace"))
    return rb"\b%b\b" % escaped if re.fullmatch(r"\w+", name, re.ASCII) else escaped


def _differs(name: str, old: Scope, new: Scope) -> bool:
    return old.names.get(name) != new.names.get(name)


def offsets(file: File) -> Mapping[str, int]:
    """Where each unit starts, by key."""
    if offsets not in file.memo:
        lowered = module(file)
        file.memo[offsets] = dict(
            zip((unit.key for unit in lowered.units), lowered.offsets, strict=True)
        )
    return cast("Mapping[str, int]", file.memo[offsets])

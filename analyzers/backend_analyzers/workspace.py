"""The workspace as a value, and the facts derived from it, each computed when something it read changed.

Three kinds of fact, all pure functions:

- a *unit fact* of a `Code` (one unit of a file with its context): kept as long as the unit's text
  and the module scope stay the same, so a keystroke recomputes one unit;
- a *file fact* of a `File`: identified by the file's content, kept on disk for closed files;
- a *workspace fact* of a `Workspace`: the workspace records what it read and recomputes it only
  when one of those has changed in value.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast, get_type_hints

import msgspec

from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import Scope, declared_names, scope
from backend_analyzers.ir import Module
from backend_analyzers.source import File, Language, Place, Span
from backend_analyzers.syntax import module
from backend_analyzers.versions import difference

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")


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


class Source(Protocol):
    """What the workspace holds for a path: a file in memory, or what is known of one on disk."""

    @property
    def language(self) -> Language: ...
    @property
    def digest(self) -> str: ...
    def of(self, fact: FileFact[T]) -> T:
        """The value of a fact for this file."""
        ...

    def offset(self, unit: str) -> int:
        """Where a unit starts; zero for the file itself."""
        ...

    def file(self) -> File:
        """The text; read from disk when it is not in memory."""
        ...


class Open:
    """A file whose text is in memory."""

    __slots__ = ("_file",)

    def __init__(self, file: File) -> None:
        self._file = file

    @property
    def language(self) -> Language:
        return self._file.language

    @property
    def digest(self) -> str:
        return self._file.digest

    def of(self, fact: FileFact[T]) -> T:
        return fact(self._file)

    def offset(self, unit: str) -> int:
        return offsets(self._file).get(unit, 0) if unit else 0

    def file(self) -> File:
        return self._file


class Summary(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """All that the workspace needs of a file that nobody edits: what is kept on disk."""

    language: Language
    digest: str
    offsets: dict[str, int]
    facts: dict[str, msgspec.Raw]


def summarize(file: File) -> Summary:
    """Compute every file fact of a file, ready to be kept or sent to another process."""
    facts = {
        name: msgspec.Raw(msgspec.msgpack.encode(fact(file))) for name, fact in FILE_FACTS.items()
    }
    return Summary(file.language, file.digest, dict(offsets(file)), facts)


class Closed:
    """A file on disk, known by its summary; facts are decoded when they are first asked for."""

    __slots__ = ("_file", "_load", "_memo", "summary")

    def __init__(self, summary: Summary, load: Callable[[], File]) -> None:
        self.summary = summary
        self._load = load
        self._memo: dict[str, Any] = {}
        self._file: File | None = None

    @property
    def language(self) -> Language:
        return self.summary.language

    @property
    def digest(self) -> str:
        return self.summary.digest

    def of(self, fact: FileFact[T]) -> T:
        if fact.name not in self._memo:
            self._memo[fact.name] = _decoder(fact).decode(self.summary.facts[fact.name])
        return cast("T", self._memo[fact.name])

    def offset(self, unit: str) -> int:
        return self.summary.offsets.get(unit, 0) if unit else 0

    def file(self) -> File:
        return self._load()


_DECODERS: dict[str, msgspec.msgpack.Decoder[Any]] = {}


def _decoder(fact: FileFact[Any]) -> msgspec.msgpack.Decoder[Any]:
    if fact.name not in _DECODERS:
        _DECODERS[fact.name] = msgspec.msgpack.Decoder(fact.type)
    return _DECODERS[fact.name]


class Options(msgspec.Struct, frozen=True, gc=False):
    """What is true of the whole workspace, beside its files."""

    complete: bool = True
    """Whether every file of the project is here.  Until then no workspace rule reports."""


Derive = Callable[["Workspace"], Any]


class _Kept(msgspec.Struct):
    """The value of a workspace fact and what it read: (how to read it again, what it was)."""

    value: Any
    reads: list[tuple[str, Any, Any]]


class Workspace:
    """A snapshot of every file of interest, keyed by path relative to its root.

    It is a value: `updated` makes another one, which takes over whatever is still true.
    """

    def __init__(self, files: Mapping[str, Source], options: Options | None = None) -> None:
        self._files = files
        self.options = options or Options()
        self._each: dict[FileFact[Any], tuple[dict[str, Any], frozenset[str]]] = {}
        self._kept: dict[Derive, _Kept] = {}
        self._current: dict[Derive, _Kept] = {}
        self._by_path: dict[Callable[..., Any], dict[str, tuple[Any, Any, Any]]] = {}
        self._reading: list[list[tuple[str, Any, Any]]] = []
        self._lock = threading.RLock()

    @staticmethod
    def of(texts: Mapping[str, str], options: Options | None = None) -> Workspace:
        """Build a workspace from text; files in unknown languages are left out."""
        files = {
            path: Open(File(path, language, text.encode(errors="replace")))
            for path, text in texts.items()
            if (language := Language.of(path))
        }
        return Workspace(files, options)

    def updated(
        self, changes: Mapping[str, Source | None], options: Options | None = None
    ) -> Workspace:
        """The workspace after some files were replaced, added, or (None) removed."""
        files = dict(self._files)
        for path, source in changes.items():
            if source is None:
                files.pop(path, None)
            else:
                files[path] = source
        after = Workspace(files, options or self.options)
        with self._lock:
            changed = frozenset(changes)
            after._each = {
                fact: (values, stale | changed) for fact, (values, stale) in self._each.items()
            }
            after._kept = {**self._kept, **self._current}
            after._by_path = dict(self._by_path)
        return after

    @property
    def files(self) -> Mapping[str, Source]:
        """What is held for each path.

        A fact or rule that looks here, or at `span`, is computed again for every snapshot: it may
        have seen anything.  Reading through `each` and `one` keeps its results for longer.
        """
        self._read("files", None, self._files)
        return self._files

    def each(self, fact: FileFact[T]) -> Mapping[str, T]:
        """The value of a file fact for every file, by path."""
        with self._lock:
            values = self._up_to_date(fact)
            self._read("each", fact, values)
            return values

    def one(self, path: str, fact: FileFact[T]) -> T | None:
        """The value of a file fact for one file, or None when there is no such file."""
        with self._lock:
            value = self._files[path].of(fact) if path in self._files else None
            self._read("one", (path, fact), value)
            return value

    def fact(self, derive: Callable[[Workspace], T]) -> T:
        """The fact that `derive` computes from this workspace."""
        with self._lock:
            value = self._derived(derive)
            self._read("fact", derive, value)
            return cast("T", value)

    def by_path(
        self,
        compute: Callable[[str, T, S], R],
        values: Mapping[str, T],
        shared: S,
    ) -> dict[str, R]:
        """`compute(path, value, shared)` for each value, where neither is the very same as before.

        For a workspace fact that is made of one part a file: an edit costs the file that it is in.
        """
        with self._lock:
            before = self._by_path.get(compute, {})
            now: dict[str, tuple[Any, Any, Any]] = {}
            for path, value in values.items():
                held = before.get(path)
                if held is None or held[0] is not value or held[1] is not shared:
                    held = (value, shared, compute(path, value, shared))
                now[path] = held
            self._by_path[compute] = now
            return {path: held[2] for path, held in now.items()}

    def option(self, name: str) -> Any:
        """The value of one of the project's options, recorded as read."""
        with self._lock:
            value = getattr(self.options, name)
            self._read("option", name, value)
            return value

    def span(self, place: Place) -> Span:
        """Where a place is now."""
        source = self.files.get(place.path)
        start = source.offset(place.unit) if source is not None else 0
        return Span(place.path, start + place.start, start + place.end)

    def _read(self, kind: str, key: Any, value: Any) -> None:
        if self._reading:
            self._reading[-1].append((kind, key, value))

    def _up_to_date(self, fact: FileFact[T]) -> dict[str, T]:
        if fact not in self._each:
            values = {path: source.of(fact) for path, source in self._files.items()}
            self._each[fact] = (values, frozenset())
            return values
        values, stale = self._each[fact]
        if stale:
            fresh: dict[str, T] = {}
            for path in stale:
                if path in self._files:
                    value = self._files[path].of(fact)
                    if path not in values or values[path] != value:
                        fresh[path] = value
            gone = [path for path in stale if path not in self._files and path in values]
            if fresh or gone:
                values = {p: v for p, v in values.items() if p not in gone} | fresh
            self._each[fact] = (values, frozenset())
        return values

    def _derived(self, derive: Derive) -> Any:
        if derive in self._current:
            return self._current[derive].value
        kept = self._kept.get(derive)
        if kept is not None and all(self._same(read) for read in kept.reads):
            self._current[derive] = kept
            return kept.value
        reads: list[tuple[str, Any, Any]] = []
        self._reading.append(reads)
        try:
            value = derive(self)
        finally:
            self._reading.pop()
        if kept is not None and kept.value == value:
            value = kept.value
        self._current[derive] = _Kept(value, reads)
        return value

    def _same(self, read: tuple[str, Any, Any]) -> bool:
        """Whether reading again gives what was read; what is equal is also kept identical."""
        kind, key, value = read
        match kind:
            case "each":
                return self._up_to_date(key) is value
            case "fact":
                return self._derived(key) is value
            case "one":
                path, fact = key
                now = self._files[path].of(fact) if path in self._files else None
                return bool(now == value)
            case "files":
                return self._files is value
            case _:
                return bool(getattr(self.options, key) == value)

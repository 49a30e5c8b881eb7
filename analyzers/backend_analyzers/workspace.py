"""The workspace as a value, and the facts derived from it.

A *workspace fact* is a pure function of a `Workspace`.  The workspace records what it read, and
computes it again only when one of those has changed in value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from backend_analyzers.fact import FileFact
from backend_analyzers.oracle import Answer, Question
from backend_analyzers.source import File, Language, Place, Span
from backend_analyzers.sources import Open, Source

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")


class Profiled(msgspec.Struct, frozen=True, gc=False):
    """A dependency that held in all rows of a table that somebody looked at: evidence, no proof."""

    table: str
    """As `Table.key`: `public.orders`."""
    left: tuple[str, ...]
    right: tuple[str, ...]
    rows: int
    """How many rows."""


class Base(msgspec.Struct, frozen=True):
    """The revision that the work at hand started from.

    `before` has the text there of every file that differs from it, None for one that is new.
    """

    revision: str
    before: Mapping[str, str | None] = {}


class Options(msgspec.Struct, frozen=True):
    """What is true of the whole workspace, beside its files."""

    complete: bool = True
    """Whether every file of the project is here.  Until then no workspace rule reports."""
    statistics: bool = False
    """Whether the planner knows how large the tables are, so that costs mean something."""
    profiled: tuple[Profiled, ...] = ()
    """The dependencies that a look at a database's rows has found."""
    base: Base | None = None
    """What changed is measured against; None when nobody said so."""
    recent_migrations: int = 3
    """Without a base, how many migrations at the end of each branch are not shipped yet; 0 is all."""


Derive = Callable[["Workspace"], Any]


class _Kept(msgspec.Struct):
    """The value of a workspace fact and what it read: (how to read it again, what it was)."""

    value: Any
    reads: list[tuple[str, Any, Any]]


def _kept(held: tuple[Any, Any, Any] | None, value: R) -> R:
    """A value that is equal to the one before is that one, so that what follows from it stays too."""
    return held[2] if held is not None and held[2] == value else value


class Workspace:
    """A snapshot of every file of interest, keyed by path relative to its root.

    It is a value: `updated` makes another one, which takes over whatever is still true.
    """

    def __init__(
        self,
        files: Mapping[str, Source],
        options: Options | None = None,
        answers: Mapping[Question, Answer] | None = None,
    ) -> None:
        self._files = files
        self.options = options or Options()
        self.answers = answers or {}
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
        self,
        changes: Mapping[str, Source | None],
        options: Options | None = None,
        answers: Mapping[Question, Answer] | None = None,
    ) -> Workspace:
        """The workspace after some files were replaced, added, or (None) removed.

        `answers`, when given, take the place of all answers so far.
        """
        files = dict(self._files)
        for path, source in changes.items():
            if source is None:
                files.pop(path, None)
            else:
                files[path] = source
        known = self.answers if answers is None else answers
        after = Workspace(files, options or self.options, known)
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
                    held = (value, shared, _kept(held, compute(path, value, shared)))
                now[path] = held
            self._by_path[compute] = now
            return {path: held[2] for path, held in now.items()}

    def joined(
        self,
        join: Callable[[T, S], R],
        one: Mapping[str, T],
        other: Mapping[str, S],
    ) -> dict[str, R]:
        """`join` for each path that both have, where neither value is the very same as before."""
        with self._lock:
            before = self._by_path.get(join, {})
            now: dict[str, tuple[Any, Any, Any]] = {}
            for path in one.keys() & other.keys():
                held = before.get(path)
                if held is None or held[0] is not one[path] or held[1] is not other[path]:
                    held = (one[path], other[path], _kept(held, join(one[path], other[path])))
                now[path] = held
            self._by_path[join] = now
            return {path: held[2] for path, held in now.items()}

    def option(self, name: str) -> Any:
        """The value of one of the project's options, recorded as read."""
        with self._lock:
            value = getattr(self.options, name)
            self._read("option", name, value)
            return value

    def answer(self, question: Question) -> Answer | None:
        """What the planner answered, recorded as read; None while nobody has asked it."""
        with self._lock:
            value = self.answers.get(question)
            self._read("answer", question, value)
            return value

    def unanswered(self, derived: Iterable[Derive] | None = None) -> tuple[Question, ...]:
        """The questions that facts computed so far would like to have answered.

        With `derived` only those that these facts read, themselves or through others.
        """
        with self._lock:
            waiting = list(self._current if derived is None else derived)
            seen: set[Derive] = set()
            asked: dict[Question, None] = {}
            while waiting:
                derive = waiting.pop()
                if derive in seen or derive not in self._current:
                    continue
                seen.add(derive)
                for kind, key, value in self._current[derive].reads:
                    if kind == "fact":
                        waiting.append(key)
                    elif kind == "answer" and value is None:
                        asked[key] = None
            return tuple(asked)

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
            case "answer":
                return bool(self.answers.get(key) == value)
            case _:
                return bool(getattr(self.options, key) == value)

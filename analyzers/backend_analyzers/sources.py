"""What the workspace holds for a path: a file in memory, or the summary of one on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

import msgspec

from backend_analyzers.fact import FILE_FACTS, FileFact, offsets
from backend_analyzers.source import File, Language

T = TypeVar("T")


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

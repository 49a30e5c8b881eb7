"""All tables of an ecosystem as one, found by name: a module here that has `LIBRARIES` adds them."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import msgspec

from backend_analyzers import libraries
from backend_analyzers.libraries.vocabulary import Library, Meaning, Where
from backend_analyzers.source import Language


class Tables(msgspec.Struct, frozen=True, eq=False):
    """The union of the libraries of one ecosystem.  `last` holds the last part of each called name."""

    calls: dict[str, Meaning]
    returns: dict[str, str]
    aliases: dict[str, str]
    bases: dict[str, str]
    texts: frozenset[str]
    tags: frozenset[str]
    deadlines: dict[str, tuple[Where, ...]]
    last: frozenset[str]


def tables(language: Language) -> Tables:
    """What the libraries of a language mean."""
    return _tables("ecmascript" if language.is_ecmascript else "python")


@cache
def _tables(ecosystem: str) -> Tables:
    chosen = [library for library in _libraries() if library.ecosystem == ecosystem]
    calls: dict[str, Meaning] = {}
    returns: dict[str, str] = {}
    aliases: dict[str, str] = {}
    bases: dict[str, str] = {}
    deadlines: dict[str, tuple[Where, ...]] = {}
    texts: set[str] = set()
    tags: set[str] = set()
    for library in chosen:
        calls.update(library.calls)
        returns.update({name: name for name in library.types})
        returns.update(library.returns)
        aliases.update(library.aliases)
        bases.update(library.bases)
        deadlines.update(library.deadlines)
        texts.update(library.texts)
        tags.update(library.tags)
    last = frozenset(name.rpartition(".")[2] for name in calls)
    return Tables(
        calls, returns, aliases, bases, frozenset(texts), frozenset(tags), deadlines, last
    )


@cache
def _libraries() -> tuple[Library, ...]:
    found: list[Library] = []
    for module in pkgutil.iter_modules(libraries.__path__):
        loaded = import_module(f"{libraries.__name__}.{module.name}")
        found += getattr(loaded, "LIBRARIES", ())
    return tuple(found)

"""All tables of an ecosystem as one, found by name: a module here that has `LIBRARIES` adds them."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import msgspec

from backend_analyzers import libraries
from backend_analyzers.libraries.vocabulary import Hold, Library, Meaning, Where
from backend_analyzers.source import Language


class Tables(msgspec.Struct, frozen=True, eq=False):
    """The union of the libraries of one ecosystem.  `last` holds the last part of each called name,
    `held` that of each name in `holds`.
    """

    calls: dict[str, Meaning]
    returns: dict[str, str]
    attributes: dict[str, str]
    aliases: dict[str, str]
    bases: dict[str, str]
    texts: set[str]
    tags: set[str]
    deadlines: dict[str, tuple[Where, ...]]
    conventions: dict[tuple[str, str], tuple[str, str]]
    last: set[str]
    holds: dict[str, Hold]
    held: set[str]


def tables(language: Language) -> Tables:
    """What the libraries of a language mean."""
    return _tables("ecmascript" if language.is_ecmascript else "python")


@cache
def _tables(ecosystem: str) -> Tables:
    result = Tables({}, {}, {}, {}, {}, set(), set(), {}, {}, set(), {}, set())
    for library in _libraries():
        if library.ecosystem != ecosystem:
            continue
        result.calls.update(library.calls)
        result.returns.update({name: name for name in library.types})
        result.returns.update(library.returns)
        result.attributes.update(library.attributes)
        result.aliases.update(library.aliases)
        result.bases.update(library.bases)
        result.texts.update(library.texts)
        result.tags.update(library.tags)
        result.deadlines.update(library.deadlines)
        result.conventions.update(library.conventions)
        result.holds.update(library.holds)
    result.last.update(name.rpartition(".")[2] for name in result.calls)
    result.held.update(name.rpartition(".")[2] for name in result.holds)
    return result


@cache
def _libraries() -> tuple[Library, ...]:
    found: list[Library] = []
    for module in pkgutil.iter_modules(libraries.__path__):
        loaded = import_module(f"{libraries.__name__}.{module.name}")
        found += getattr(loaded, "LIBRARIES", ())
    return tuple(found)

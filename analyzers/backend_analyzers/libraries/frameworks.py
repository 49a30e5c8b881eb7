"""All web frameworks, found by name: a module here that has `FRAMEWORK` adds one."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import NamedTuple

from backend_analyzers import libraries
from backend_analyzers.libraries.routing import Create, Framework, Word
from backend_analyzers.source import Language


class Vocabulary(NamedTuple):
    """The tables of all frameworks of one ecosystem, as one."""

    creates: Mapping[str, Create]
    words: Mapping[str, tuple[Word, ...]]
    types: Mapping[str, tuple[str, str]]
    """From the qualified name of a type to (kind, framework)."""
    constructors: frozenset[str]
    """The last parts of the names in `creates`."""


@cache
def frameworks() -> tuple[Framework, ...]:
    """The tables of the web frameworks."""
    found = []
    for module in pkgutil.iter_modules(libraries.__path__):
        loaded = import_module(f"{libraries.__name__}.{module.name}")
        table = getattr(loaded, "FRAMEWORK", None)
        if isinstance(table, Framework):
            found.append(table)
    return tuple(found)


def vocabulary(language: Language) -> Vocabulary:
    """The words that mean routing in a language."""
    return _vocabulary("ecmascript" if language.is_ecmascript else "python")


@cache
def _vocabulary(ecosystem: str) -> Vocabulary:
    creates: dict[str, Create] = {}
    words: dict[str, tuple[Word, ...]] = {}
    types: dict[str, tuple[str, str]] = {}
    for table in frameworks():
        if table.language == ecosystem:
            creates.update(table.creates)
            types.update({name: (kind, table.name) for name, kind in table.types.items()})
            for name, word in table.words.items():
                words[name] = (*words.get(name, ()), word)
    constructors = frozenset(name.rpartition(".")[2] for name in creates)
    return Vocabulary(creates, words, types, constructors)

"""Facts that are found by the name of their module: one module for each mapper or migration tool."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from backend_analyzers.fact import FileFact
from backend_analyzers.facts.calls import Asked
from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.queries import Query
from backend_analyzers.workspace import Workspace

Models = Callable[[Workspace], Mapping[str, Model]]
Migrations = FileFact[tuple[Migration, ...]] | Callable[[Workspace], tuple[Migration, ...]]
Asks = Callable[[Workspace], Mapping[str, tuple[Asked, ...]]]
Queries = Callable[[Workspace], Mapping[str, tuple[Query, ...]]]


@cache
def model_readers() -> tuple[Models, ...]:
    """`models` of each mapper."""
    return tuple(found for module in _modules("models") if (found := _own(module, "models")))


@cache
def migration_readers() -> tuple[Migrations, ...]:
    """`migrations_of` of each tool that must see several files at once, else its `migrations`."""
    modules = _modules("migrations")
    return tuple(
        found
        for module in modules
        if (found := _own(module, "migrations_of") or _own(module, "migrations"))
    )


@cache
def query_readers() -> tuple[Queries, ...]:
    """`queries_of` of each mapper and query builder."""
    return tuple(found for module in _modules("orm") if (found := _own(module, "queries_of")))


@cache
def ask_readers() -> tuple[Asks, ...]:
    """`asks_of` of each mapper that says which of its queries loops repeat."""
    return tuple(found for module in _modules("orm") if (found := _own(module, "asks_of")))


def _modules(folder: str) -> Iterator[ModuleType]:
    package = importlib.import_module(f"backend_analyzers.facts.{folder}")
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def _own(module: ModuleType, name: str) -> Any:
    """What a module defines itself under a name: not what it imports."""
    found = getattr(module, name, None)
    defined = found.compute if isinstance(found, FileFact) else found
    return found if getattr(defined, "__module__", None) == module.__name__ else None

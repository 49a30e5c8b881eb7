"""Other ways to write a statement that give the same rows: one module for each, found by its name.

Each is exact as far as the schema says (keys, NOT NULL, types); whether it is, and whether it is worth
anything, is for the planner to judge.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from backend_analyzers.sql.rewrites.view import Edit, Rewrite, View, view
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Statement

__all__ = ["Edit", "Rewrite", "advised", "registry", "rewrites"]

_SHARED = frozenset({"view", "select", "keys", "ranges", "asked"})
_MOST = 12


def rewrites(text: str, statement: Statement, schema: Schema) -> tuple[Rewrite, ...]:
    """What a statement, the only one of its text, could be written as, with the same rows."""
    return tuple(one for one in _found(text, statement, schema) if one.same)[:_MOST]


def advised(text: str, statement: Statement, schema: Schema) -> tuple[Rewrite, ...]:
    """What it could be when the code around it changes too: other rows, or asked for otherwise."""
    return tuple(one for one in _found(text, statement, schema) if not one.same)[:_MOST]


@cache
def registry() -> Mapping[str, Callable[[View], Iterator[Rewrite]]]:
    """The rewrites by the names of their modules."""
    return {
        module.name: importlib.import_module(f"{__name__}.{module.name}").rewrite
        for module in pkgutil.iter_modules(__path__)
        if module.name not in _SHARED
    }


def _found(text: str, statement: Statement, schema: Schema) -> Iterator[Rewrite]:
    seen = {text}
    subject = view(text, statement, schema)
    if subject is None or subject.is_volatile:
        return
    for rewrite in registry().values():
        for one in rewrite(subject):
            if one.text not in seen:
                seen.add(one.text)
                yield one

"""Which databases the code of a workspace talks to, by the names of drivers and servers in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.paths import is_test
from backend_analyzers.source import File
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.workspace import Workspace

_NAMES: tuple[tuple[Dialect, re.Pattern[bytes]], ...] = (
    ("postgresql", re.compile(rb"(?i)postgres|psycopg|asyncpg|\bpg8000|[\"']pg[\"']")),
    ("mysql", re.compile(rb"(?i)mysql|mariadb")),
    ("sqlite", re.compile(rb"(?i)sqlite")),
)


@file_fact
def engines(file: File) -> frozenset[Dialect]:
    """The databases that a file of code names."""
    if not file.language.is_code:
        return frozenset()
    return frozenset(dialect for dialect, pattern in _NAMES if pattern.search(file.text))


def is_postgresql(workspace: Workspace) -> bool:
    """Whether it may be PostgreSQL: it is named, or no other is."""
    named = _named(workspace.each(engines))
    return not named or "postgresql" in named


def _named(by_path: Mapping[str, frozenset[Dialect]]) -> frozenset[Dialect]:
    return frozenset(d for path, found in by_path.items() if not is_test(path) for d in found)

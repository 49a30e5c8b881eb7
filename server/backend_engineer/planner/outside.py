"""Statements that PostgreSQL runs only outside of a transaction, and what its manual says of them.

Their locks cannot be looked at while they are held: they are gone when the statement is done.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import psycopg

from backend_analyzers.oracle import Lock

Connection = psycopg.Connection[tuple[Any, ...]]

_ALONE = re.compile(
    r"\s*(?:vacuum\b|create\s+database\b|drop\s+database\b|alter\s+system\b|cluster\s*;?\s*\Z"
    r"|reindex\s+(?:\([^)]*\)\s*)?(?:database|schema|system)\b"
    r"|(?!refresh\b)(?:create|drop|alter|reindex)\b.*\bconcurrently\b)",
    re.IGNORECASE | re.DOTALL,
)
_NAME = r"((?:\"[^\"]+\"|[\w$]+)(?:\.(?:\"[^\"]+\"|[\w$]+))?)"


class Documented(NamedTuple):
    """A table (as PostgreSQL says it), the strongest lock on it, and whether it is read through."""

    name: str
    lock: Lock
    scans: bool


_TABLES: tuple[tuple[re.Pattern[str], Lock, bool], ...] = (
    # https://www.postgresql.org/docs/18/sql-vacuum.html
    (
        re.compile(
            rf"\s*vacuum\s+(?:\([^)]*\bfull\b[^)]*\)|full\b(?:\s+\w+)*?)\s+{_NAME}\s*;?\s*\Z",
            re.IGNORECASE,
        ),
        "AccessExclusiveLock",
        True,
    ),
    (
        re.compile(
            rf"\s*vacuum\s+(?:\([^)]*\)\s*)?(?:(?:freeze|verbose|analyze)\s+)*{_NAME}\s*;?\s*\Z",
            re.IGNORECASE,
        ),
        "ShareUpdateExclusiveLock",
        True,
    ),
    # https://www.postgresql.org/docs/18/sql-createindex.html
    (
        re.compile(
            rf"\s*create\s+(?:unique\s+)?index\s+concurrently\b.*?\bon\s+(?:only\s+)?{_NAME}",
            re.IGNORECASE | re.DOTALL,
        ),
        "ShareUpdateExclusiveLock",
        True,
    ),
    # https://www.postgresql.org/docs/18/sql-reindex.html
    (
        re.compile(rf"\s*reindex\s+(?:\([^)]*\)\s*)?table\s+concurrently\s+{_NAME}", re.IGNORECASE),
        "ShareUpdateExclusiveLock",
        True,
    ),
    # https://www.postgresql.org/docs/18/sql-altertable.html
    (
        re.compile(rf"\s*alter\s+table\s+(?:if\s+exists\s+)?{_NAME}\s+detach\b", re.IGNORECASE),
        "ShareUpdateExclusiveLock",
        False,
    ),
)


def runs_alone(statement: str) -> bool:
    """Whether a statement is refused in a transaction."""
    return _ALONE.match(statement) is not None


def documented(connection: Connection, statement: str) -> Documented | None:
    """What the manual says of a statement that has run."""
    for pattern, lock, scans in _TABLES:
        match = pattern.match(statement)
        if match is not None:
            row = connection.execute("SELECT to_regclass(%s)::text", (match[1],)).fetchone()
            if row is not None and row[0] is not None:
                return Documented(row[0], lock, scans)
    return None

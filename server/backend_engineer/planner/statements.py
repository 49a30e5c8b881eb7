"""Statements of a workspace as texts: which declare something, and what they are without rows."""

from __future__ import annotations

import re

_LEAD = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\\[a-zA-Z!?.][^\n]*(?:\n|\Z))+", re.DOTALL)
_VERBS = re.compile(r"(?:create|alter|drop|comment|do|set|grant|revoke|security)\b", re.IGNORECASE)
_SKIPPED = re.compile(
    r"set\s+(?:session|role|local\s+role|authorization)\b"
    r"|(?:create|alter|drop)\s+(?:database|role|user(?!\s+mapping)|group|tablespace|publication|subscription"
    r"|system|event\s+trigger|(?:or\s+replace\s+)?(?:trusted\s+|procedural\s+)*language|server"
    r"|foreign\s+data)\b"
    r"|(?:grant|revoke|security|comment)\b|alter\b.*\bowner\s+to\s+\S+\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_WITH_ROWS = re.compile(
    r"create\s+(?:(?:global|local|temp|temporary|unlogged)\s+)*(?:table|materialized\s+view)\b"
    r"[^;(]*(?:\([^()]*\)\s*)?\bas\b",
    re.IGNORECASE,
)
_NO_ROWS = re.compile(r"\bwith\s+(?:no\s+)?data\s*;?\s*\Z", re.IGNORECASE)


def encoded(statement: str) -> bytes:
    """A text as the server takes it: it has no zero byte and no half of a character."""
    return statement.replace("\0", "").encode(errors="replace")


def bare(statement: str) -> str:
    """A statement without the comments and the commands of psql before it."""
    lead = _LEAD.match(statement)
    return statement[lead.end() :] if lead is not None else statement


def is_declaring(statement: str) -> bool:
    """Whether a statement declares something here: rows, roles and other databases are left out."""
    text = bare(statement)
    return _VERBS.match(text) is not None and _SKIPPED.match(text) is None


def without_rows(statement: str) -> str:
    """The statement that makes the same table without computing what is in it."""
    text = bare(statement)
    if not _WITH_ROWS.match(text) or _NO_ROWS.search(text):
        return statement
    return f"{text.rstrip().rstrip(';')}\nWITH NO DATA"

"""Text in, statements out: never an error, only *incomplete*."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_analyzers.sql.building import Building
from backend_analyzers.sql.dialects import dialect_of, looks_foreign, looks_like_sql, softened
from backend_analyzers.sql.lexing import (
    MAX_STATEMENT,
    READ_WHOLE,
    ROWS_THAT_MATTER,
    Prepared,
    prepare,
)
from backend_analyzers.sql.nodes import Node, parse_tree
from backend_analyzers.sql.queries import nested, statement
from backend_analyzers.sql.statement import Dialect, Statement, StatementKind
from backend_analyzers.sql.untyped import parse_untyped

__all__ = ["dialect_of", "looks_like_sql", "parse", "verb"]

_VERB = re.compile(rb"[\s(;]*([A-Za-z]+)")
_VERBS: dict[str, StatementKind] = {
    "select": "select",
    "with": "select",
    "values": "select",
    "table": "select",
    "insert": "insert",
    "replace": "insert",
    "update": "update",
    "delete": "delete",
    "merge": "merge",
    "create": "ddl",
    "alter": "ddl",
    "drop": "ddl",
    "truncate": "other",
    "rename": "ddl",
    "do": "ddl",
}
_CHANGES: dict[str, StatementKind] = {
    "insert": "insert",
    "update": "update",
    "delete": "delete",
    "merge": "merge",
}
_BULK = re.compile(rb"\s*(?:INSERT|REPLACE)\b[^;']{0,4000}?\bVALUES\s*(?=\()", re.IGNORECASE)
_ROW_TOKEN = re.compile(rb"[()]|'(?:[^'\\]++|\\.|'')*+'?", re.DOTALL)


def parse(
    text: str | bytes,
    *,
    dialect: Dialect | None = None,
    holes: Sequence[tuple[int, int]] = (),
) -> tuple[Statement, ...]:
    """The statements of a text, in order; offsets are bytes of its UTF-8 form.

    ``holes`` are byte ranges of unknown content, whatever bytes stand there. After some hundred
    statements, rows to insert (a dump) are no longer read: such statements are incomplete.
    """
    original = text.encode("utf-8", "replace") if isinstance(text, str) else text
    spoken = dialect or dialect_of(original)
    prepared = prepare(original, spoken, holes)
    return tuple(
        _statement(prepared, start, end, bulk=number > READ_WHOLE)
        for number, (start, end) in enumerate(prepared.pieces)
    )


def verb(text: bytes, start: int = 0) -> str:
    """The first word of a statement in lower case."""
    found = _VERB.match(text, start)
    return found[1].decode("ascii").lower() if found else ""


def trees(prepared: Prepared, start: int, end: int) -> tuple[Node, bool]:
    """The small tree of one piece and whether it is free of errors, mended where that helps."""
    piece = prepared.text[start:end]
    tree, clean = parse_tree(piece, start)
    if not clean:
        mended = softened(piece)
        if mended is not None:
            other, other_clean = parse_tree(mended, start)
            if other_clean:
                return other, True
        typed = parse_untyped(mended or piece, start)
        if typed is not None:
            return typed, True
    return tree, clean


def _statement(prepared: Prepared, start: int, end: int, *, bulk: bool) -> Statement:
    word = verb(prepared.text, start)
    kind = _VERBS.get(word, "other")
    first, last = _trimmed(prepared.text, start, end)
    building = Building(prepared, nested)
    stop: int | None = end
    if end - start > MAX_STATEMENT or bulk or end - start > ROWS_THAT_MATTER:
        stop = _shortened(prepared, start, end)
        if stop is None or (bulk and kind == "insert"):
            building.complete = False
            return building.freeze(kind, first, last)
    tree, clean = trees(prepared, start, stop or end)
    if not clean and looks_foreign(prepared.text[start:end], prepared.dialect):
        from backend_analyzers.sql.foreign import foreign_statement  # noqa: PLC0415

        found = foreign_statement(prepared, start, end, kind)
        if found is not None:
            return found
    if kind in {"select", "insert", "update", "delete", "merge"} or word in _QUERYING:
        statement(building, tree)
    if not clean:
        building.doubt(building.levels[0] if building.levels else None)
    return building.freeze(_kind(kind, building), first, last)


_QUERYING = frozenset({"explain", "create", "prepare", "declare", "copy", "refresh"})


def _kind(kind: StatementKind, building: Building) -> StatementKind:
    """WITH … INSERT begins like a query; EXPLAIN and PREPARE are what they wrap."""
    if kind in {"select", "other"} and building.levels:
        found = building.levels[0].kind
        if found in _CHANGES:
            return _CHANGES[found]
        if kind == "other" and found in {"select", "set", "values"}:
            return "select"
    return kind


def _shortened(prepared: Prepared, start: int, end: int) -> int | None:
    """Where the rows of a long INSERT may be cut; None when the statement is too long to read."""
    found = _BULK.match(prepared.text, start, min(end, start + 5000))
    if found is None:
        return end if end - start <= MAX_STATEMENT else None
    depth = 0
    for token in _ROW_TOKEN.finditer(prepared.text, found.end(), min(end, found.end() + 65536)):
        depth += {b"(": 1, b")": -1}.get(token[0], 0)
        if depth == 0 and token[0] == b")":
            return token.end()
    return end if end - start <= MAX_STATEMENT else None


def _trimmed(text: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start : start + 1].isspace():
        start += 1
    while end > start and (text[end - 1 : end].isspace() or text[end - 1 : end] == b";"):
        end -= 1
    return start, end

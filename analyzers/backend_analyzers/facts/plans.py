"""The queries of the workspace as the planner takes them: `$1` for each value, and a schema each.

A query that is put together from parts which are no values is left out: what the database gets is
not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.facts.scripts import home_of, scripts
from backend_analyzers.oracle import Script
from backend_analyzers.source import Place
from backend_analyzers.sql.lexing import prepare
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.rewrites import Rewrite, rewrites
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace

_PLANNED = frozenset({"select", "update", "delete", "insert", "merge"})
_NUMBERED = re.compile(r"\$(\d+)\Z")
_USED = re.compile(r"\$(\d+)")
_BEFORE_VALUE = re.compile(
    rb"(?:[=<>(,+\-*/|%~\[]|\b(?:LIKE|ILIKE|IN|LIMIT|OFFSET|AND|BETWEEN|VALUES|WHEN|THEN|ELSE|ANY|ALL"
    rb"|INTERVAL|TO))\s*\Z",
    re.IGNORECASE,
)
_NAMED = (":", "@", "$", "%(")
"""How placeholders with a name or a number begin."""
_BEFORE_LIST = re.compile(rb"\bIN\s*\Z", re.IGNORECASE)


class Piece(NamedTuple):
    """Which range of the planned text comes from which of the query; byte by byte when `exact`."""

    start: int
    end: int
    query_start: int
    query_end: int
    exact: bool


class Plannable(msgspec.Struct, frozen=True, dict=True):
    """One statement of a query, as the planner takes it.

    `values` are the texts that `$1`, `$2` and so on stand for, as the host writes them.
    """

    query: Query
    statement: Statement
    home: Home
    script: Script
    sql: str
    values: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def at(self) -> Place:
        """Where the statement is."""
        return self.query.place(self.statement.start, self.statement.end)

    @cached_property
    def rewrites(self) -> tuple[Rewrite, ...]:
        """Other texts that should give the same rows; whether they do is for the planner to say."""
        statements = parse(self.sql)
        if len(statements) != 1 or self.query.approximate:
            return ()
        return rewrites(self.sql, statements[0], self.home.schema)

    def host_range(self, start: int, end: int) -> tuple[int, int] | None:
        """The range of the query that a range of `sql` comes from; None when it begins inside a value."""
        first = last = None
        for piece in self.pieces:
            if first is None and piece.start <= start < max(piece.end, piece.start + 1):
                first = piece.query_start + (start - piece.start)
                if not piece.exact and start != piece.start:
                    return None
            if piece.start < end <= piece.end:
                last = piece.query_end - (piece.end - end)
                if not piece.exact and end != piece.end:
                    return None
        return (first, last) if first is not None and last is not None and first <= last else None

    def written_back(self, sql: str, instead_of: str | None = None) -> str | None:
        """A part of another text for the same values, as the host would write it.

        None when that needs other code around: a placeholder without a number or name takes its value
        by its place, so that each of the old part must be there once, and in the same order.
        """
        replaced = self.sql if instead_of is None else instead_of
        old = [int(number) for number in _USED.findall(replaced)]
        new = [int(number) for number in _USED.findall(sql)]
        if any(number > len(self.values) for number in new):
            return None
        by_place = {n for n, value in enumerate(self.values, 1) if not value.startswith(_NAMED)}
        if [n for n in old if n in by_place] != [n for n in new if n in by_place]:
            return None
        if any(value.startswith("%") for value in self.values):
            sql = sql.replace("%", "%%")
        return _USED.sub(lambda match: self.values[int(match[1]) - 1], sql)


def plannable(workspace: Workspace) -> Mapping[str, tuple[Plannable, ...]]:
    """The statements of each file that can be planned, in order."""
    asked = {path: found for path, found in workspace.fact(all_queries).items() if found}
    found = workspace.by_path(_of_file, asked, workspace.fact(_shared))
    return {path: some for path, some in found.items() if some}


class _Shared:
    """What all files are planned with; one object as long as nothing of it changes."""

    def __init__(self, declared: Database, made: Mapping[str, Script]) -> None:
        self.declared = declared
        self.scripts = made


def _shared(workspace: Workspace) -> _Shared:
    return _Shared(workspace.fact(database), workspace.fact(scripts))


def _of_file(path: str, found: tuple[Query, ...], shared: _Shared) -> tuple[Plannable, ...]:
    del path
    return tuple(
        one
        for query in found
        if (home := home_of(shared.declared, query)) is not None
        for one in _of_query(query, home, shared.scripts[home.key])
    )


def _of_query(query: Query, home: Home, script: Script) -> Iterator[Plannable]:
    for statement in query.statements:
        if statement.kind in _PLANNED and statement.tables and statement.complete:
            made = planned_text(query, statement)
            if made is not None:
                yield Plannable(query, statement, home, script, *made)


class Numbered(NamedTuple):
    """A statement with numbers for its values; see `Plannable`."""

    sql: str
    values: tuple[str, ...]
    pieces: tuple[Piece, ...]


def planned_text(query: Query, statement: Statement) -> Numbered | None:
    """The statement with `$1` for each value; None when a part that is not known is no value."""
    text = query.text.encode(errors="replace")
    taken = prepare(text, statement.dialect, query.holes)
    values: list[str] = []
    told: list[bytes] = []
    pieces: list[Piece] = []
    is_escaped = query.in_code and any(text[a:b].startswith(b"%") for a, b in taken.parameters)
    size, at = 0, statement.start

    def put(part: bytes, start: int, end: int, *, exact: bool = False) -> None:
        nonlocal size
        if part or start < end:
            pieces.append(Piece(size, size + len(part), start, end, exact))
            told.append(part)
            size += len(part)

    def copy(start: int, end: int) -> None:
        for n, part in enumerate(text[start:end].split(b"%%") if is_escaped else [text[start:end]]):
            if n:
                put(b"%", start, start + 2)
                start += 2
            put(part, start, start + len(part), exact=True)
            start += len(part)

    known = {start for start, _ in taken.parameters}
    for start, end in sorted({*taken.parameters, *query.holes, *taken.holes}):
        if start < at or end > statement.end:
            continue
        before = text[max(0, start - 40) : start]
        if start not in known and not _BEFORE_VALUE.search(before):
            return None
        copy(at, start)
        number = _number(text[start:end].decode(errors="replace"), values)
        shape = b"($%d)" if _BEFORE_LIST.search(before) else b"$%d"
        put(shape % number, start, end)
        at = end
    copy(at, statement.end)
    return Numbered(b"".join(told).decode(errors="replace"), tuple(values), tuple(pieces))


def _number(written: str, values: list[str]) -> int:
    """The number of a value; one that has a number or a name may come again."""
    numbered = _NUMBERED.match(written)
    if numbered is not None and 0 < int(numbered[1]) < 1000:  # noqa: PLR2004 - no driver takes more
        while len(values) < int(numbered[1]):
            values.append(f"${len(values) + 1}")
        return int(numbered[1])
    if written[:1] in {":", "@", "$"} or written.startswith("%("):
        if written not in values:
            values.append(written)
        return values.index(written) + 1
    values.append(written)
    return len(values)

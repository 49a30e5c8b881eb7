"""Every SQL statement of the workspace: in SQL files, and in the texts of code.

A query in code is a template: its text is put together from the literals of the host, and each
byte of it is mapped back to the bytes that wrote it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import DatabaseQuery
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.libraries.drivers import driver_of
from backend_analyzers.source import File, Language, Place
from backend_analyzers.sql.dialects import dialect_of, looks_like_sql
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.statement import Dialect, Statement
from backend_analyzers.syntax import module
from backend_analyzers.syntax.sql import dialect

HOLE = "hole_in_sql"
"""What stands in the text of a query for each part that is not known."""

LARGEST = 200_000
"""Characters; a longer text in code is data rather than a query."""

Segment = tuple[int, int, int, int]
"""(start in the SQL, end in the SQL, start in the unit, end in the unit), in bytes."""


class Query(msgspec.Struct, frozen=True, gc=False):
    """One text of SQL and the statements in it, whose offsets count from the start of `text`.

    `at` is the range of the host that the text comes from.  `executed` says that a call of the
    workspace's code runs it here; `function` is then the key of the function around that call.
    `fetches` is what the call asks for, `call` where it is, and `receiver` the names it is made
    through, such as `self.pool`, empty when that is more than names.
    """

    at: Place
    text: str
    statements: tuple[Statement, ...]
    segments: tuple[Segment, ...]
    holes: tuple[tuple[int, int], ...] = ()
    in_code: bool = True
    executed: bool = False
    has_parameters: bool | None = None
    fetches: Literal["one", "many", "unknown"] = "unknown"
    function: str = ""
    call: Place | None = None
    receiver: str = ""
    approximate: bool = False
    """Whether a mapper writes it, so that `text` is only like what the database gets."""

    def place(self, start: int, end: int) -> Place:
        """The place in the host that wrote a range of the SQL."""
        if not self.segments:
            return Place(self.at.path, self.at.unit, self.at.start + start, self.at.start + end)
        first, last = self._segment(start), self._segment(max(start, end - 1))
        begin = first[2] + (start - first[0]) if _is_exact(first) else first[2]
        finish = last[2] + (end - last[0]) if _is_exact(last) else last[3]
        if begin > finish:
            begin, finish = first[2], first[3]
        return Place(self.at.path, self.at.unit, begin, finish)

    def is_written(self, start: int, end: int) -> bool:
        """Whether a range of the SQL stands in the host byte by byte, so that it can be edited."""
        if self.approximate or any(first < end and start < last for first, last in self.holes):
            return False
        if not self.segments:
            return True
        first, last = self._segment(start), self._segment(max(start, end - 1))
        return first is last and _is_exact(first)

    def source(self, start: int, end: int) -> str:
        """A part of the text, by byte offsets."""
        return self.text.encode(errors="replace")[start:end].decode(errors="replace")

    def _segment(self, offset: int) -> Segment:
        place = bisect_right(self.segments, offset, key=_start) - 1
        return self.segments[max(place, 0)]


@file_fact
def queries(file: File) -> tuple[Query, ...]:
    """The queries of a file, in order."""
    if file.language is Language.SQL:
        return _of_sql_file(file)
    return tuple(query for found in code_queries.each(file) for query in found)


@unit_fact
def code_queries(code: Code) -> tuple[Query, ...]:
    """The queries of a unit of code: those that a call runs, then other texts that are SQL."""
    texts = [text for text, _ in code.outline.texts if _may_be_sql(text)]
    asked = [event for event in events(code) if isinstance(event, DatabaseQuery)]
    if not texts and not asked:
        return ()
    literals = sorted((text.start, text.end) for text, _ in code.outline.texts)
    calls = {(s.call.start, s.call.end): s.call for s in code.calls()} if asked else {}
    found: list[Query] = []
    used: list[tuple[int, int]] = []
    for event in asked:
        if event.sql is None or not _is_local(event.sql, literals):
            continue
        through = _receiver(calls.get((event.start, event.end)))
        query = _query(code, event.sql, event, through)
        if query is not None:
            found.append(query)
            used += [(part.start, part.end) for part in event.sql.parts]
    for text in texts:
        inside = any(start <= text.end and text.start <= end for start, end in used)
        if not inside and looks_like_sql(_written(text)):
            query = _query(code, text, None)
            if query is not None:
                found.append(query)
                used.append((text.start, text.end))
    return tuple(sorted(found, key=lambda query: query.at))


def _may_be_sql(text: ir.Text) -> bool:
    """A cheap look before the strict one: the text begins with a verb of SQL."""
    if text.is_bytes or not text.parts:
        return False
    first = text.parts[0]
    if not isinstance(first, ir.Chunk):
        return False
    return first.text.lstrip(" \t\r\n(;-")[:6].split(" ")[0].split("\n")[0].lower() in _VERBS


_VERBS = frozenset(
    {"select", "insert", "update", "delete", "with", "create", "alter", "drop", "replac", "merge"}
)


def _written(text: ir.Text) -> str:
    return "".join(part.text if isinstance(part, ir.Chunk) else HOLE for part in text.parts)


def _is_local(text: ir.Text, literals: list[tuple[int, int]]) -> bool:
    """Whether the text is written in this unit: one that is not is read where it is written."""
    for part in text.parts:
        if isinstance(part, ir.Chunk) and part.text.strip():
            place = bisect_right(literals, (part.start, part.end + 1)) - 1
            while place >= 0 and literals[place][0] <= part.start:
                if literals[place][0] <= part.start and part.end <= literals[place][1]:
                    return True
                place -= 1
                if place < 0 or part.start - literals[place][0] > LARGEST:
                    break
    return False


def _query(
    code: Code, text: ir.Text, event: DatabaseQuery | None, receiver: str = ""
) -> Query | None:
    pieces: list[str] = []
    segments: list[Segment] = []
    holes: list[tuple[int, int]] = []
    at = 0
    for part in text.parts:
        piece = part.text if isinstance(part, ir.Chunk) else HOLE
        size = len(piece.encode(errors="replace"))
        if not size:
            continue
        if isinstance(part, ir.Hole):
            holes.append((at, at + size))
        segments.append((at, at + size, part.start, part.end))
        pieces.append(piece)
        at += size
    if not segments or at > LARGEST:
        return None
    sql = "".join(pieces)
    spoken = _dialect(code, event, sql)
    is_tagged = text.function is not None
    statements = parse(sql, dialect=spoken, holes=() if is_tagged else holes)
    return Query(
        at=code.place_of(min(s[2] for s in segments), max(s[3] for s in segments)),
        text=sql,
        statements=statements,
        segments=tuple(_merged(segments, {start for start, _ in holes})),
        holes=tuple(holes),
        executed=event is not None,
        has_parameters=event.has_parameters if event else None,
        fetches=event.fetches if event else "unknown",
        function=event.within if event else "",
        call=code.place_of(event.start, event.end) if event else None,
        receiver=receiver,
    )


def _receiver(call: ir.Call | None) -> str:
    called = call.function if call is not None else None
    return _dotted(called.value) if isinstance(called, ir.Attribute) else ""


def _dotted(expression: ir.Expr) -> str:
    names: list[str] = []
    while isinstance(expression, ir.Attribute):
        names.append(expression.name)
        expression = expression.value
    return ".".join([expression.id, *reversed(names)]) if isinstance(expression, ir.Name) else ""


def _dialect(code: Code, event: DatabaseQuery | None, sql: str) -> Dialect:
    driver = driver_of(code.language, event.connection) if event is not None else None
    return driver.dialect if driver is not None else dialect_of(sql.encode(errors="replace"))


def _merged(segments: list[Segment], holes: set[int]) -> Iterator[Segment]:
    """Neighbours that continue each other on both sides are one segment, holes apart."""
    current = segments[0]
    for segment in segments[1:]:
        if (
            _is_exact(current)
            and _is_exact(segment)
            and holes.isdisjoint((current[0], segment[0]))
            and current[1] == segment[0]
            and current[3] == segment[2]
        ):
            current = (current[0], segment[1], current[2], segment[3])
        else:
            yield current
            current = segment
    yield current


def _is_exact(segment: Segment) -> bool:
    return segment[1] - segment[0] == segment[3] - segment[2]


def _start(segment: Segment) -> int:
    return segment[0]


def _of_sql_file(file: File) -> tuple[Query, ...]:
    """One query for each statement that reads or writes rows, those that make views included."""
    lowered = module(file)
    before: dict[str, Query] = file.reused.get(_of_sql_file, {})
    found: dict[str, Query] = {}
    for unit, start in zip(lowered.units, lowered.offsets, strict=True):
        query = before.get(unit.key)
        if query is None:
            end = start + unit.node.end
            text = file.text[start:end]
            at = Place(file.path, unit.key, 0, len(text))
            statements = parse(text, dialect=dialect(file))
            query = Query(at, text.decode(errors="replace"), statements, (), in_code=False)
        found[unit.key] = query
    file.memo[_of_sql_file] = found
    return tuple(query for query in found.values() if any(_is_read(s) for s in query.statements))


def _is_read(statement: Statement) -> bool:
    return bool(statement.tables) and (statement.kind != "ddl" or bool(statement.scopes))

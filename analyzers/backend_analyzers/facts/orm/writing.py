"""SQL put together from pieces that know which code stands behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.facts.queries import HOLE, Query, Segment
from backend_analyzers.source import Place
from backend_analyzers.sql.made import quoted_name, text_literal
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.statement import Dialect


class Piece(NamedTuple):
    """A part of the text and the range of the unit that it is written for."""

    text: str
    start: int
    end: int
    is_hole: bool = False
    is_code: bool = False
    """Whether the range holds this very text."""


Pieces = list[Piece]


class Called(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The call that runs a query: where it is, in which function, and through what."""

    at: Place
    function: str
    receiver: str
    fetches: Literal["one", "many", "unknown"]


class Writer:
    """Writes for one dialect.  `number` counts the parameters of one statement."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.number = 0
        self.alias = 0

    def name(self, name: str, at: tuple[int, int], code: str = "") -> Pieces:
        """A quoted name; `code` is what the range holds, where it is known."""
        sign = "`" if self.dialect == "mysql" else '"'
        if sign in name:
            return [Piece(quoted_name(name, self.dialect), *at)]
        return [Piece(sign, *at), Piece(name, *at, is_code=code == name), Piece(sign, *at)]

    def table(self, name: str, schema: str | None, at: tuple[int, int]) -> Pieces:
        """A table by its name, with its schema."""
        if not schema:
            return self.name(name, at)
        return [*self.name(schema, at), Piece(".", *at), *self.name(name, at)]

    def value(self, value: Spelled) -> Pieces:
        """A value: what is constant as SQL writes it, else a parameter."""
        at = (value.start, value.end)
        if value.kind == "text":
            return [Piece(text_literal(value.text), *at)]
        if value.kind == "constant":
            return [Piece("NULL" if value.is_null else value.text, *at)]
        return self.parameter(at)

    def parameter(self, at: tuple[int, int]) -> Pieces:
        """A value that is not known."""
        self.number += 1
        return [Piece(f"${self.number}" if self.dialect == "postgresql" else "?", *at)]

    def values(self, value: Spelled) -> Pieces:
        """A list of values in brackets; one parameter for a list that is not written out."""
        at = (value.start, value.end)
        if value.kind != "list" or value.is_open or not value.entries:
            return [Piece("(", *at), *self.parameter(at), Piece(")", *at)]
        inner = [self.value(entry.value) for entry in value.entries]
        return [Piece("(", *at), *joined(inner, ", ", at), Piece(")", *at)]

    def next_alias(self) -> str:
        """A name for one more table of the statement."""
        self.alias += 1
        return f"t{self.alias}"


def hole(at: tuple[int, int]) -> Pieces:
    """A part that is not known."""
    return [Piece(HOLE, *at, is_hole=True)]


def joined(parts: Iterable[Pieces], glue: str, at: tuple[int, int]) -> Pieces:
    """Some parts with the same text between each two."""
    found: Pieces = []
    for part in parts:
        if found and part:
            found.append(Piece(glue, *at))
        found += part
    return found


def written(
    pieces: Sequence[Piece], dialect: Dialect, called: Called, at: Place | None = None
) -> Query:
    """The query that some pieces make, as a call of the code runs it."""
    sql: list[str] = []
    segments: list[Segment] = []
    holes: list[tuple[int, int]] = []
    place = 0
    for piece in pieces:
        size = len(piece.text.encode(errors="replace"))
        if not size:
            continue
        sql.append(piece.text)
        if piece.is_hole:
            holes.append((place, place + size))
        segments += _segments(piece, place, size)
        place += size
    text = "".join(sql)
    return Query(
        at=at or called.at,
        text=text,
        statements=parse(text, dialect=dialect, holes=holes),
        segments=tuple(segments),
        holes=tuple(holes),
        executed=True,
        has_parameters=True,
        fetches=called.fetches,
        function=called.function,
        call=called.at,
        receiver=called.receiver,
        approximate=True,
    )


def _segments(piece: Piece, place: int, size: int) -> list[Segment]:
    """A segment of the size of its code says that it is that code, which may not be true of a piece."""
    start, end = piece.start, piece.end
    if end - start != size or piece.is_code:
        return [(place, place + size, start, end)]
    if size == 1:
        return [(place, place + 1, max(start - 1, 0), end + (start == 0))]
    return [(place, place + 1, start, end), (place + 1, place + size, start, end)]

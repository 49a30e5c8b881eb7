"""SQL as it is put together, each piece with the code that stands for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.texts import literal
from backend_analyzers.facts.queries import HOLE, Segment
from backend_analyzers.sql.names import quoted


class Piece(NamedTuple):
    """Some SQL, and the bytes of the unit that wrote it; `hole` for what is not known."""

    text: str
    start: int
    end: int
    hole: bool = False


Sql = tuple[Piece, ...]
PARAMETER = "\0"
"""Stands for a value until the parameters are numbered."""


def text(words: str, at: ir.Node) -> Piece:
    """SQL that no code spells: it belongs to a place without a length, so that nothing edits it."""
    return Piece(words, at.start, at.start)


def spelt(words: str, start: int, end: int) -> Piece:
    """SQL that code names."""
    return Piece(words, start, end)


def name(column: str, start: int, end: int) -> Piece:
    """A name that code spells."""
    return Piece(quoted(column), start, end)


def parameter(at: ir.Node) -> Sql:
    """A value that is not known."""
    return (Piece(PARAMETER, at.start, at.end),)


def is_parameter(sql: Sql) -> bool:
    """Whether a part is a value that is not known, and nothing else."""
    return len(sql) == 1 and sql[0].text == PARAMETER


def value(constant: str | float | bool | None, at: ir.Node) -> Sql:
    """A value that is written out."""
    return (text(literal(constant), at),)


def hole(at: ir.Node) -> Sql:
    """A part whose structure is not known."""
    return (Piece(HOLE, at.start, at.end, hole=True),)


def joined(parts: Iterable[Sql], between: str) -> Sql:
    """Parts with a word between them."""
    found: list[Piece] = []
    for part in parts:
        if not part:
            continue
        if found:
            found.append(Piece(between, part[0].start, part[0].start))
        found += part
    return tuple(found)


def around(before: str, part: Sql, after: str) -> Sql:
    """A part with words around it."""
    if not part:
        return ()
    first, last = part[0], part[-1]
    return (
        Piece(before, first.start, first.start),
        *part,
        Piece(after, last.end, last.end),
    )


class Written(NamedTuple):
    """A whole text with its segments and holes, as a `Query` wants them."""

    text: str
    segments: tuple[Segment, ...]
    holes: tuple[tuple[int, int], ...]


def written(sql: Sql) -> Written:
    """Put the pieces together and number the parameters."""
    pieces: list[str] = []
    segments: list[Segment] = []
    holes: list[tuple[int, int]] = []
    at = number = 0
    for piece in sql:
        words = piece.text
        if words == PARAMETER:
            number += 1
            words = f"${number}"
        size = len(words.encode(errors="replace"))
        if not size:
            continue
        if piece.hole:
            holes.append((at, at + size))
        start, end = piece.start, piece.end
        if words == f"${number}" and end - start == size:
            end = start  # a value that happens to be as long as its parameter
        segments.append((at, at + size, start, end))
        pieces.append(words)
        at += size
    return Written("".join(pieces), tuple(segments), tuple(holes))

"""SQL that remembers which part of the code wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backend_analyzers.facts.queries import HOLE, Segment
from backend_analyzers.sql.names import quoted

PARAMETER = "%s"


class Part(NamedTuple):
    """A run of SQL and the range of the unit that wrote it.

    `exact` says that the very same bytes stand there, so that they can be edited.
    """

    text: str
    start: int
    end: int
    exact: bool = False
    hole: bool = False


Parts = list[Part]


def hole(start: int, end: int) -> Part:
    """Something that cannot be read."""
    return Part(HOLE, start, end, hole=True)


def literal(value: str | float | bool | None) -> str:
    """A constant as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def column_parts(
    qualifier: str, column: str, start: int, end: int, name: tuple[int, int] | None
) -> Parts:
    """`table.column`; `name` is where the very name of the column stands."""
    text = quoted(column)
    found = [Part(f"{quoted(qualifier)}.", start, end)] if qualifier else []
    if name is not None and text == column:
        return [*found, Part(text, *name, exact=True)]
    return [*found, Part(text, start, end)]


def text_of(parts: Iterable[Part]) -> str:
    """The SQL alone."""
    return "".join(part.text for part in parts)


def is_certain(parts: Iterable[Part]) -> bool:
    """Whether nothing of it is a hole or a parameter."""
    return not any(part.hole or part.text == PARAMETER for part in parts)


def joined(pieces: Iterable[Parts], separator: str, start: int, end: int) -> Parts:
    """Pieces with something between them."""
    found: Parts = []
    for piece in pieces:
        if found:
            found.append(Part(separator, start, end))
        found += piece
    return found


class Assembled(NamedTuple):
    """A text with what maps it to the code."""

    text: str
    segments: tuple[Segment, ...]
    holes: tuple[tuple[int, int], ...]


def assembled(parts: Iterable[Part]) -> Assembled:
    """Put the parts together.  A segment is exact when both sides have the same length, and only then."""
    pieces: list[str] = []
    segments: list[Segment] = []
    holes: list[tuple[int, int]] = []
    at = 0
    for part in parts:
        size = len(part.text.encode(errors="replace"))
        if not size:
            continue
        start, end = part.start, part.end
        if not part.exact and end - start == size:
            start, end = (start - 1, end) if start else (start, end + 1)
        if part.hole:
            holes.append((at, at + size))
        last = segments[-1] if segments else None
        if last is not None and not part.hole and not part.exact and last[2:] == (start, end):
            size_then = last[1] - last[0]
            if size_then != end - start and at + size - last[0] != end - start:
                segments[-1] = (last[0], at + size, start, end)
                pieces.append(part.text)
                at += size
                continue
        segments.append((at, at + size, start, end))
        pieces.append(part.text)
        at += size
    return Assembled("".join(pieces), tuple(segments), tuple(holes))

"""Findings as people and tools read them: with lines, characters and a fingerprint.

`locate.locate` makes them from the engine's findings; every report takes them.
"""

from __future__ import annotations

import msgspec

from backend_engineer.settings import Confidence, Severity


class Position(msgspec.Struct, frozen=True, order=True):
    """As in LSP: both zero-based, characters in UTF-16 code units."""

    line: int
    character: int


class Range(msgspec.Struct, frozen=True, order=True):
    """The end is not part of the range."""

    start: Position
    end: Position


class Spot(msgspec.Struct, frozen=True, order=True):
    """A range in a file, both as positions and as offsets of bytes in its UTF-8 text."""

    path: str
    range: Range
    start: int
    end: int


class RelatedSpot(msgspec.Struct, frozen=True):
    """Another place to see."""

    at: Spot
    note: str


class SpotEdit(msgspec.Struct, frozen=True):
    """Replace the text at a spot."""

    at: Spot
    text: str


class LocatedFix(msgspec.Struct, frozen=True):
    """A change that makes the finding go away; `proved` if that was tried out."""

    title: str
    proved: bool
    edits: tuple[SpotEdit, ...]
    proof: str = ""
    """How it is known that queries written in another way give the same rows."""


class Located(msgspec.Struct, frozen=True):
    """One finding, ready to be reported."""

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    help: str
    at: Spot
    fingerprint: str
    related: tuple[RelatedSpot, ...] = ()
    cwe: tuple[int, ...] = ()
    controls: tuple[str, ...] = ()
    evidence: dict[str, str] = {}
    fixes: tuple[LocatedFix, ...] = ()


class Skipped(msgspec.Struct, frozen=True):
    """A file that was not read."""

    path: str
    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """All that a run of `check` has to say."""

    findings: tuple[Located, ...]
    baselined: tuple[Located, ...] = ()
    """Findings that the baseline knows already."""
    files: int = 0
    skipped: tuple[Skipped, ...] = ()
    faults: int = 0
    """Rules that raised: defects of ours."""
    fixed: int = 0

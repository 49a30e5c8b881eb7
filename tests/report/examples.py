"""Findings to report, located in real texts."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich.console import Console

from backend_analyzers.source import File, Language
from backend_engineer.report import text
from backend_engineer.report.lines import Lines
from backend_engineer.report.located import (
    Located,
    LocatedFix,
    Outcome,
    Range,
    RelatedSpot,
    Spot,
    SpotEdit,
)


class Texts:
    """Some files, and findings about words in them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.lines = {
            path: Lines(File(path, Language.PYTHON, text.encode())) for path, text in texts.items()
        }

    def spot(self, path: str, word: str) -> Spot:
        """Where a word first stands."""
        lines = self.lines[path]
        start = lines.text.index(word.encode())
        end = start + len(word.encode())
        return Spot(path, Range(lines.position(start), lines.position(end)), start, end)

    def finding(self, path: str, word: str) -> Located:
        """A finding about a word, with all that a finding can have."""
        return Located(
            rule="select-star",
            severity="warning",
            confidence="high",
            message="`SELECT *` reads every column of `orders`",
            help="Name the columns that are used.",
            at=self.spot(path, word),
            fingerprint="f1",
            cwe=(89,),
            controls=("OWASP-A03",),
            evidence={"table": "orders"},
        )

    def printed(self, outcome: Outcome, *, prefix: str = "", width: int = 100) -> str:
        """The text report, without colour."""
        out = io.StringIO()
        console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
        text.render(outcome, console, source=self.lines.get, prefix=prefix, statistics=False)
        return out.getvalue()


def related(spot: Spot, note: str) -> tuple[RelatedSpot, ...]:
    return (RelatedSpot(spot, note),)


def fix(spot: Spot, new: str, *, proved: bool = True) -> tuple[LocatedFix, ...]:
    return (LocatedFix("Name the columns", proved, (SpotEdit(spot, new),)),)

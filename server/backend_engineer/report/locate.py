"""From the engine's places to positions, lines and fingerprints: the one way there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b

from backend_analyzers.analyze import same_rows
from backend_analyzers.catalog import RULES
from backend_analyzers.rule import Finding, Fix
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace
from backend_engineer.report.lines import Lines
from backend_engineer.report.located import (
    Located,
    LocatedFix,
    Position,
    Range,
    RelatedSpot,
    Spot,
    SpotEdit,
)
from backend_engineer.settings import Severity

Proves = Callable[[Finding, Fix], bool]


class Locator:
    """Turns places of one snapshot into spots; reads each file once."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lines: dict[str, Lines | None] = {}

    def lines(self, path: str) -> Lines | None:
        """The lines of a file, or None when the workspace has no such file."""
        if path not in self._lines:
            source = self.workspace.files.get(path)
            self._lines[path] = Lines(source.file()) if source is not None else None
        return self._lines[path]

    def spot(self, place: Place) -> Spot:
        """Where a place is; in a file that does not exist yet, its beginning."""
        span = self.workspace.span(place)
        lines = self.lines(span.path)
        if lines is None:
            start = end = Position(0, 0)
            return Spot(span.path, Range(start, end), 0, 0)
        at = Range(lines.position(span.start), lines.position(span.end))
        return Spot(span.path, at, span.start, span.end)


def locate(
    workspace: Workspace,
    found: Mapping[str, Iterable[Finding]],
    *,
    severity: Callable[[Finding], Severity | None],
    proves: Proves = lambda _finding, _fix: False,
) -> list[Located]:
    """The findings in reading order, those left out for which `severity` has none."""
    locator = Locator(workspace)
    located: list[Located] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    for path in sorted(found):
        for finding in found[path]:
            spot = locator.spot(finding.at)
            lines = locator.lines(path)
            line = " ".join(lines.line(spot.range.start.line).split()) if lines else ""
            key = (finding.rule, path, line)
            seen[key] += 1
            shown = severity(finding)
            if shown is not None:
                mark = fingerprint(*key, seen[key])
                located.append(_located(locator, finding, spot, shown, mark, proves))
    return sorted(located, key=lambda f: (f.at, f.rule, f.message))


def fingerprint(rule: str, path: str, line: str, ordinal: int) -> str:
    """Identifies a finding wherever its line moves within the file.

    `ordinal` counts the findings of a rule on equal lines of a file, from 1.
    """
    text = "\0".join((rule, path, line, str(ordinal)))
    return blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


def _located(
    locator: Locator,
    finding: Finding,
    spot: Spot,
    severity: Severity,
    mark: str,
    proves: Proves,
) -> Located:
    rule = RULES[finding.rule]
    return Located(
        rule=finding.rule,
        severity=severity,
        confidence=(finding.confidence or rule.confidence).value,
        message=finding.message,
        help=finding.help,
        at=spot,
        fingerprint=mark,
        related=tuple(RelatedSpot(locator.spot(r.at), r.note) for r in finding.related),
        cwe=rule.cwe,
        controls=rule.controls,
        evidence=finding.evidence,
        fixes=tuple(
            LocatedFix(
                fix.title,
                proves(finding, fix),
                tuple(SpotEdit(locator.spot(c.at), c.text) for c in fix.changes),
                rows.reason,
            )
            for fix in finding.fixes
            if (rows := same_rows(locator.workspace, fix)).holds
        ),
    )

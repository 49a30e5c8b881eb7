"""Findings for people: what, where, the lines themselves, and what to do.

The layout is plain ASCII, so that it reads the same without colour and in any encoding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend_engineer.report.lines import Lines
from backend_engineer.report.located import Located, Outcome, RelatedSpot, Spot

Source = Callable[[str], Lines | None]

_STYLES = {"error": "bold red", "warning": "bold yellow", "hint": "bold cyan"}
_TAB = 4
_MOST_LINES = 4
_LEAD = 40
"""How many characters of a long line are kept before what is underlined."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def render(
    outcome: Outcome, console: Console, *, source: Source, prefix: str = "", statistics: bool
) -> None:
    """Print every finding, then a line that sums up.  `prefix` goes before each path."""
    for finding in outcome.findings:
        for line in _finding(finding, source, prefix, max(60, console.width)):
            console.print(line, soft_wrap=True)
        console.print()
    if statistics and outcome.findings:
        console.print(statistics_table(outcome))
        console.print()
    for line in _summary(outcome):
        console.print(line, soft_wrap=True)


def place(spot: Spot, prefix: str, lines: Lines | None) -> str:
    """`path:line:column`, one-based; editors and terminals jump to it."""
    column = lines.column(spot.start) if lines else spot.range.start.character
    return f"{_safe(prefix + spot.path)}:{spot.range.start.line + 1}:{column + 1}"


def statistics_table(outcome: Outcome) -> Table:
    """How many findings each rule has."""
    table = Table("Rule", box=None, pad_edge=False)
    table.add_column("Findings", justify="right")
    table.add_column("Fixable", justify="right")
    fixable = Counter(f.rule for f in outcome.findings if any(fix.proved for fix in f.fixes))
    for rule, count in Counter(f.rule for f in outcome.findings).most_common():
        table.add_row(rule, str(count), str(fixable[rule]))
    return table


def _finding(finding: Located, source: Source, prefix: str, width: int) -> Iterator[Text]:
    style = _STYLES[finding.severity]
    lines = source(finding.at.path)
    yield Text.assemble(
        (place(finding.at, prefix, lines), "bold"),
        " ",
        (finding.severity, style),
        " ",
        (finding.rule, style),
        " ",
        _safe(finding.message),
    )
    gutter = len(str(finding.at.range.end.line + 1)) + 1
    if lines is not None:
        yield from _excerpt(finding.at, lines, gutter, width, style)
    for related in finding.related:
        yield _related(related, source, prefix, gutter)
    for name, value in finding.evidence.items():
        yield _note(gutter, f"{name}: ", _safe(value))
    if finding.help:
        yield _note(gutter, "help: ", _safe(finding.help))
    for fix in finding.fixes:
        hint = "apply it with --fix" if fix.proved else "not proved; apply it in an editor"
        yield _note(gutter, "fix: ", f"{_safe(fix.title)} ({hint})")
        if fix.proof:
            yield _note(gutter, "same rows: ", _safe(fix.proof))


def _note(gutter: int, name: str, text: str) -> Text:
    return Text.assemble((" " * gutter + " = ", "blue"), (name, "bold"), text)


def _related(related: RelatedSpot, source: Source, prefix: str, gutter: int) -> Text:
    where = place(related.at, prefix, source(related.at.path))
    return _note(gutter, "see: ", f"{where} {_safe(related.note)}")


def _excerpt(spot: Spot, lines: Lines, gutter: int, width: int, style: str) -> Iterator[Text]:
    first, last = spot.range.start.line, spot.range.end.line
    if last > first and spot.range.end.character == 0:
        last -= 1
    shown = range(first, min(last, first + _MOST_LINES - 1) + 1)
    yield Text.assemble((f"{'':>{gutter}} |", "blue"))
    if first and lines.line(first - 1).strip():
        text, _, _ = _window(lines.line(first - 1), 0, 0, width - gutter - 3)
        yield _numbered(first, gutter, text)
    for number in shown:
        line = lines.line(number)
        start = lines.column(spot.start) if number == first else len(line) - len(line.lstrip())
        end = lines.column(spot.end) if number == spot.range.end.line else len(line.rstrip())
        text, before, wide = _window(line, start, max(start, end), width - gutter - 3)
        yield _numbered(number + 1, gutter, text)
        if line.strip() or number == first:
            marks = " " * before + "^" * max(1, wide)
            yield Text.assemble((f"{'':>{gutter}} | ", "blue"), (marks, style))
    if shown[-1] < last:
        yield Text.assemble((f"{'...':>{gutter}}", "blue"))


def _numbered(number: int, gutter: int, text: str) -> Text:
    return Text.assemble((f"{number:>{gutter}} | ", "blue"), text)


def _window(line: str, start: int, end: int, width: int) -> tuple[str, int, int]:
    """A line as a terminal shows it, the column where `start` is, and how wide it is to `end`.

    A line that is too long is cut on both sides.
    """
    left = ""
    if start > _LEAD and cell_len(_expanded(line)) > width:
        cut = start - _LEAD
        left, line, start, end = "...", line[cut:], _LEAD, end - cut
    text = left + _expanded(line)
    before = len(left) + cell_len(_expanded(line[:start]))
    wide = len(left) + cell_len(_expanded(line[:end])) - before
    if cell_len(text) > width:
        text = set_cell_size(text, width - 3) + "..."
        wide = min(wide, width - before)
    return text, before, wide


def _expanded(line: str) -> str:
    """Tabs as spaces, and what would move the cursor as a sign for it."""
    pieces = _safe(line).split("\t")
    out = pieces[0]
    for piece in pieces[1:]:
        out += " " * (_TAB - cell_len(out) % _TAB) + piece
    return out


def _safe(text: str) -> str:
    """Text that cannot steer a terminal: neither escape sequences nor reordering."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _summary(outcome: Outcome) -> Iterator[Text]:
    severities = Counter(f.severity for f in outcome.findings)
    counts = [_count(severities[s], s) for s in ("error", "warning", "hint") if severities[s]]
    files = _count(outcome.files, "file")
    if counts:
        *most, last = counts
        listed = f"{', '.join(most)} and {last}" if most else last
        worst = next(s for s in ("error", "warning", "hint") if severities[s])
        yield Text(f"Found {listed} in {files}.", style=_STYLES[worst])
    else:
        yield Text(f"No findings in {files}.", style="bold green")
    if outcome.fixed:
        yield Text(f"Fixed {_count(outcome.fixed, 'finding')}.")
    fixable = sum(any(fix.proved for fix in f.fixes) for f in outcome.findings)
    if fixable:
        yield Text(f"{fixable} can be fixed with --fix; --fix --diff shows how.")
    if outcome.baselined:
        yield Text(f"{_count(len(outcome.baselined), 'finding')} left out: in the baseline.")
    for skipped in outcome.skipped:
        yield Text(f"Skipped {_safe(skipped.path)}: {_safe(skipped.reason)}.", style="dim")


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" + ("" if number == 1 else "s")

"""Findings as workflow commands, which GitHub Actions shows beside the lines of a pull request."""

from __future__ import annotations

from backend_engineer.report.located import Located, Outcome

_LEVELS = {"error": "error", "warning": "warning", "hint": "notice"}


def render(outcome: Outcome, *, prefix: str = "") -> str:
    """One command a line.  `prefix` leads from the repository's folder to the workspace."""
    return "".join(_command(finding, prefix) + "\n" for finding in outcome.findings)


def _command(finding: Located, prefix: str) -> str:
    start, end = finding.at.range.start, finding.at.range.end
    properties = {
        "file": prefix + finding.at.path,
        "line": str(start.line + 1),
        "endLine": str(end.line + 1),
        "col": str(start.character + 1),
        "endColumn": str(end.character + 1),
        "title": finding.rule,
    }
    if start.line != end.line:  # columns of other lines are refused
        del properties["col"], properties["endColumn"]
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    return f"::{_LEVELS[finding.severity]} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

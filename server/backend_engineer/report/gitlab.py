"""Findings as a GitLab code quality report."""

from __future__ import annotations

from typing import Any

from backend_engineer.report.encode import pretty
from backend_engineer.report.located import Located, Outcome

_SEVERITIES = {"error": "critical", "warning": "major", "hint": "info"}


def render(outcome: Outcome, *, prefix: str = "") -> str:
    """A JSON list.  `prefix` leads from the repository's folder to the workspace."""
    issues = [_issue(finding, prefix) for finding in outcome.findings]
    return pretty(issues)


def _issue(finding: Located, prefix: str) -> dict[str, Any]:
    at = finding.at.range
    return {
        "type": "issue",
        "check_name": finding.rule,
        "description": finding.message,
        "content": {"body": finding.help},
        "categories": ["Security" if finding.cwe else "Bug Risk"],
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": prefix + finding.at.path,
            "lines": {"begin": at.start.line + 1, "end": at.end.line + 1},
        },
    }

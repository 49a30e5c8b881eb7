"""The findings as one JSON object, whose shape is a contract: `VERSION` changes when it does."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from backend_engineer.report.encode import pretty
from backend_engineer.report.located import Located, LocatedFix, Outcome, Range, Spot

VERSION = 1


def render(outcome: Outcome) -> str:
    """One object, in stable order, for the same findings the same text."""
    document = {
        "version": VERSION,
        "findings": [_finding(f) for f in outcome.findings],
        "summary": summary(outcome),
    }
    return pretty(document)


def summary(outcome: Outcome) -> dict[str, Any]:
    """The counts."""
    severities = Counter(str(f.severity) for f in outcome.findings)
    return {
        "files": outcome.files,
        "findings": len(outcome.findings),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "hints": severities["hint"],
        "rules": dict(sorted(Counter(f.rule for f in outcome.findings).items())),
        "fixable": sum(any(fix.proved for fix in f.fixes) for f in outcome.findings),
        "fixed": outcome.fixed,
        "baselined": len(outcome.baselined),
        "skipped": [{"path": s.path, "reason": s.reason} for s in outcome.skipped],
        "faults": outcome.faults,
    }


def _finding(finding: Located) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "message": finding.message,
        "help": finding.help,
        **_place(finding.at),
        "related": [{**_place(r.at), "note": r.note} for r in finding.related],
        "cwe": list(finding.cwe),
        "controls": list(finding.controls),
        "evidence": finding.evidence,
        "fixes": [_fix(fix) for fix in finding.fixes],
    }


def _fix(fix: LocatedFix) -> dict[str, Any]:
    edits = [{**_place(edit.at), "newText": edit.text} for edit in fix.edits]
    proof = {"proof": fix.proof} if fix.proof else {}
    return {"title": fix.title, "proved": fix.proved, "edits": edits, **proof}


def _place(spot: Spot) -> dict[str, Any]:
    return {"path": spot.path, "range": _range(spot.range)}


def _range(at: Range) -> dict[str, Any]:
    return msgspec.to_builtins(at)  # type: ignore[no-any-return]

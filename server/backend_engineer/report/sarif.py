"""Findings as SARIF 2.1.0, with the pages of the rules, CWE as a taxonomy, fingerprints and fixes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from backend_analyzers.rule import Rule
from backend_engineer.report.encode import pretty
from backend_engineer.report.located import Located, LocatedFix, Outcome, Range, Spot

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_PRECISION = {"high": "high", "medium": "medium", "low": "low"}
_SECURITY_SEVERITY = {"error": "8.0", "warning": "5.5", "hint": "3.0"}
_CWE = "https://cwe.mitre.org/data/definitions/"
_FINGERPRINT = "backendEngineer/v1"


def render(outcome: Outcome, rules: Mapping[str, Rule], *, root: str = "", prefix: str = "") -> str:
    """One log of one run.  `root` is the URI of the folder that paths start from."""
    reported = [*outcome.findings, *outcome.baselined]
    used = [rules[name] for name in sorted({f.rule for f in reported})]
    numbers = {rule.name: index for index, rule in enumerate(used)}
    run: dict[str, Any] = {
        "tool": {"driver": _driver(used)},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(outcome, prefix)],
        "results": [
            _result(f, numbers, prefix, is_known=index >= len(outcome.findings))
            for index, f in enumerate(reported)
        ],
    }
    if root:
        run["originalUriBaseIds"] = {"SRCROOT": {"uri": root}}
    if cwe := sorted({number for rule in used for number in rule.cwe}):
        run["taxonomies"] = [_taxonomy(cwe)]
        run["tool"]["driver"]["supportedTaxonomies"] = [{"name": "CWE", "index": 0}]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return pretty(log)


def _driver(rules: Iterable[Rule]) -> dict[str, Any]:
    return {
        "name": "Backend Engineer",
        "semanticVersion": version("backend-engineer"),
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    severity = rule.severity.value
    properties: dict[str, Any] = {
        "precision": _PRECISION[rule.confidence.value],
        "problem.severity": "recommendation" if severity == "hint" else severity,
        "tags": [
            rule.category,
            *(f"external/cwe/cwe-{number:03}" for number in rule.cwe),
            *rule.controls,
        ],
    }
    if rule.cwe:
        properties["tags"].insert(0, "security")
        properties["security-severity"] = _SECURITY_SEVERITY[severity]
    described: dict[str, Any] = {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {
            "text": rule.doc.partition("\n\n")[2].partition("\n\n")[0] or rule.summary
        },
        "help": {"text": rule.doc, "markdown": rule.doc},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": properties,
    }
    if rule.cwe:
        described["relationships"] = [
            {
                "target": {"id": str(n), "toolComponent": {"name": "CWE", "index": 0}},
                "kinds": ["superset"],
            }
            for n in rule.cwe
        ]
    return described


def _taxonomy(numbers: Iterable[int]) -> dict[str, Any]:
    return {
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org",
        "isComprehensive": False,
        "taxa": [{"id": str(n), "helpUri": f"{_CWE}{n}.html"} for n in numbers],
    }


def _invocation(outcome: Outcome, prefix: str) -> dict[str, Any]:
    notes = [
        {
            "level": "note",
            "message": {"text": f"{skipped.path} was skipped: {skipped.reason}"},
            "locations": [
                {"physicalLocation": {"artifactLocation": _artifact(skipped.path, prefix)}}
            ],
        }
        for skipped in outcome.skipped
    ]
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _result(
    finding: Located, numbers: Mapping[str, int], prefix: str, *, is_known: bool
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.help}".strip()},
        "locations": [{"physicalLocation": _physical(finding.at, prefix)}],
        "partialFingerprints": {_FINGERPRINT: finding.fingerprint},
        "properties": {"confidence": finding.confidence, "evidence": finding.evidence},
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(related.at, prefix),
                "message": {"text": related.note},
            }
            for number, related in enumerate(finding.related, 1)
        ]
    if finding.fixes:
        result["fixes"] = [_fix(fix, prefix) for fix in finding.fixes]
    if is_known:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return result


def _fix(fix: LocatedFix, prefix: str) -> dict[str, Any]:
    by_path: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.at.path, []).append(
            {
                "deletedRegion": _region(edit.at.range),
                "insertedContent": {"text": edit.text},
            }
        )
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {"artifactLocation": _artifact(path, prefix), "replacements": replacements}
            for path, replacements in by_path.items()
        ],
        "properties": {"proved": fix.proved},
    }


def _physical(spot: Spot, prefix: str) -> dict[str, Any]:
    return {"artifactLocation": _artifact(spot.path, prefix), "region": _region(spot.range)}


def _artifact(path: str, prefix: str) -> dict[str, Any]:
    uri = quote((prefix + path).encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": uri, "uriBaseId": "SRCROOT"}


def _region(at: Range) -> dict[str, Any]:
    """One-based; the end column is that of the character after the last."""
    return {
        "startLine": at.start.line + 1,
        "startColumn": at.start.character + 1,
        "endLine": at.end.line + 1,
        "endColumn": at.end.character + 1,
    }

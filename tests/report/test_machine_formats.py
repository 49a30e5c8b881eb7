"""The reports for other tools: what they take, they must take without loss."""

from __future__ import annotations

import json as standard_json
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from backend_analyzers.rule import Confidence, Rule, Severity
from backend_engineer.report import github, gitlab, json, junit, sarif
from backend_engineer.report.located import Located, Outcome, Skipped
from tests.report.examples import Texts, fix, related

RULE = Rule(
    name="select-star",
    category="database",
    doc="Queries that read every column.\n\nA column that is added later is read, too.\n\n## Example",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    scope="unit",
    check=lambda: (),
    cwe=(89, 7),
    controls=("OWASP-A03",),
)


def outcome() -> Outcome:
    """One finding after an astral character, related to another file, with a fix."""
    texts = Texts({"a b/app.py": 'x = "😀"; q = "SELECT *"\n', "schema.sql": "CREATE TABLE orders"})
    finding = msgspec.structs.replace(
        texts.finding("a b/app.py", "SELECT *"),
        related=related(texts.spot("schema.sql", "orders"), "the table"),
        fixes=fix(texts.spot("a b/app.py", "*"), "id"),
    )
    return Outcome((finding,), files=2, skipped=(Skipped("b.js", "minified"),), fixed=1)


def test_json_is_the_contract() -> None:
    at = {"start": {"line": 0, "character": 15}, "end": {"line": 0, "character": 23}}
    star = {"start": {"line": 0, "character": 22}, "end": {"line": 0, "character": 23}}
    table = {"start": {"line": 0, "character": 13}, "end": {"line": 0, "character": 19}}
    assert standard_json.loads(json.render(outcome())) == {
        "version": 1,
        "findings": [
            {
                "rule": "select-star",
                "severity": "warning",
                "confidence": "high",
                "message": "`SELECT *` reads every column of `orders`",
                "help": "Name the columns that are used.",
                "path": "a b/app.py",
                "range": at,
                "related": [{"path": "schema.sql", "range": table, "note": "the table"}],
                "cwe": [89],
                "controls": ["OWASP-A03"],
                "evidence": {"table": "orders"},
                "fixes": [
                    {
                        "title": "Name the columns",
                        "proved": True,
                        "edits": [{"path": "a b/app.py", "range": star, "newText": "id"}],
                    }
                ],
            }
        ],
        "summary": {
            "files": 2,
            "findings": 1,
            "errors": 0,
            "warnings": 1,
            "hints": 0,
            "rules": {"select-star": 1},
            "fixable": 1,
            "fixed": 1,
            "baselined": 0,
            "skipped": [{"path": "b.js", "reason": "minified"}],
            "faults": 0,
        },
    }


def sarif_of(outcome: Outcome) -> dict[str, Any]:
    text = sarif.render(outcome, {"select-star": RULE}, root="file:///shop/", prefix="")
    log: dict[str, Any] = standard_json.loads(text)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return dict(run)


def test_sarif_describes_the_rule() -> None:
    driver = sarif_of(outcome())["tool"]["driver"]
    (rule,) = driver["rules"]
    assert rule["id"] == "select-star"
    assert rule["shortDescription"]["text"] == "Queries that read every column."
    assert rule["fullDescription"]["text"] == "A column that is added later is read, too."
    assert rule["help"]["markdown"] == RULE.doc
    assert rule["defaultConfiguration"]["level"] == "warning"
    tags = rule["properties"]["tags"]
    assert {"security", "external/cwe/cwe-089", "external/cwe/cwe-007", "OWASP-A03"} <= {*tags}
    assert rule["properties"]["precision"] == "high"
    assert 0.0 < float(rule["properties"]["security-severity"]) <= 10.0


def test_sarif_relates_rules_to_the_weaknesses_of_a_taxonomy_in_the_same_run() -> None:
    run = sarif_of(outcome())
    (taxonomy,) = run["taxonomies"]
    assert taxonomy["name"] == "CWE"
    known = {taxon["id"] for taxon in taxonomy["taxa"]}
    for relation in run["tool"]["driver"]["rules"][0]["relationships"]:
        assert relation["target"]["id"] in known
        assert relation["target"]["toolComponent"] == {"name": "CWE", "index": 0}
    assert run["tool"]["driver"]["supportedTaxonomies"] == [{"name": "CWE", "index": 0}]


def test_sarif_results_have_places_fingerprints_and_fixes() -> None:
    run = sarif_of(outcome())
    (result,) = run["results"]
    assert run["columnKind"] == "utf16CodeUnits"
    assert run["originalUriBaseIds"] == {"SRCROOT": {"uri": "file:///shop/"}}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "a%20b/app.py", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {"startLine": 1, "startColumn": 16, "endLine": 1, "endColumn": 24}
    assert result["partialFingerprints"] == {"backendEngineer/v1": "f1"}
    assert result["relatedLocations"][0]["message"] == {"text": "the table"}
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 23, "endLine": 1, "endColumn": 24},
            "insertedContent": {"text": "id"},
        }
    ]
    assert "suppressions" not in result


def test_sarif_keeps_what_the_baseline_knows_as_suppressed() -> None:
    shown = outcome()
    run = sarif_of(msgspec.structs.replace(shown, findings=(), baselined=shown.findings))
    (result,) = run["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "in the baseline"}]


def test_sarif_of_a_clean_run_is_still_a_run() -> None:
    run = sarif_of(Outcome(()))
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
    assert "taxonomies" not in run


def test_github_escapes_what_would_end_a_command() -> None:
    texts = Texts({"a,b:c%.py": "one\ntwo"})
    finding = msgspec.structs.replace(
        texts.finding("a,b:c%.py", "two"), message="100%\n::error::no", help="", severity="error"
    )
    assert github.render(Outcome((finding,)), prefix="x/") == (
        "::error file=x/a%2Cb%3Ac%25.py,line=2,endLine=2,col=1,endColumn=4,title=select-star"
        "::100%25%0A::error::no\n"
    )


@pytest.mark.parametrize(
    ("severity", "level"), [("error", "error"), ("warning", "warning"), ("hint", "notice")]
)
def test_github_has_a_level_for_each_severity(severity: str, level: str) -> None:
    (finding,) = outcome().findings
    changed: Located = msgspec.structs.replace(finding, severity=severity)
    assert github.render(Outcome((changed,))).startswith(f"::{level} ")


def test_github_leaves_columns_out_when_the_range_has_several_lines() -> None:
    texts = Texts({"a.py": "one\ntwo"})
    shown = github.render(Outcome((texts.finding("a.py", "one\ntwo"),)))
    assert "line=1,endLine=2,title=" in shown


def test_gitlab_has_what_its_widget_needs() -> None:
    (issue,) = standard_json.loads(gitlab.render(outcome(), prefix="shop/"))
    assert issue["check_name"] == "select-star"
    assert issue["fingerprint"] == "f1"
    assert issue["severity"] == "major"
    assert issue["location"] == {"path": "shop/a b/app.py", "lines": {"begin": 1, "end": 1}}
    assert standard_json.loads(gitlab.render(Outcome(()))) == []


def test_junit_is_xml_whatever_the_message_is() -> None:
    (finding,) = outcome().findings
    odd = msgspec.structs.replace(finding, message='<a> & "b" \x00\ud800', severity="error")
    root = ET.fromstring(junit.render(Outcome((finding, odd))).encode())  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures")) == ("2", "2")
    first, second = root.findall("testsuite/testcase")
    assert first.get("name") == "select-star 1:16"
    failure = second.find("failure")
    assert failure is not None
    assert failure.get("message") == '<a> & "b" \ufffd\ufffd'
    assert failure.get("type") == "error"


def test_junit_of_a_clean_run_is_one_case_that_passed() -> None:
    root = ET.fromstring(junit.render(Outcome(())).encode())  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures")) == ("1", "0")
    assert len(root.findall("testsuite/testcase")) == 1
    assert not root.findall("testsuite/testcase/failure")

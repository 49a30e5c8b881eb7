"""Every setting makes the difference that its description promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend_analyzers.rule import Confidence, Finding, Rule, Severity
from backend_analyzers.source import Place
from backend_engineer.project import open_session
from backend_engineer.selection import Selection
from backend_engineer.settings import Settings
from tests.server.command import USELESS, Shell


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("", ["a.py:1", "gen/b.py:1"]),
        ('select = ["api"]', []),
        ('select = ["security"]', ["a.py:1", "gen/b.py:1"]),
        ('ignore = ["useless-suppression"]', []),
        ('severity = "warning"', []),
        ('severities = { useless-suppression = "off" }', []),
        ('include = ["gen/"]', ["gen/b.py:1"]),
        ('exclude = ["gen/"]', ["a.py:1"]),
        ('[per_path_ignores]\n"gen/**" = ["security"]', ["a.py:1"]),
        ('[per_path_ignores]\n"*.py" = ["api"]', ["a.py:1", "gen/b.py:1"]),
        ("tests = true", ["a.py:1", "gen/b.py:1", "tests/test_c.py:1"]),
        ("max_file_size = 60", ["a.py:1"]),
    ],
)
def test_settings_decide_what_is_reported(shell: Shell, setting: str, shown: list[str]) -> None:
    shell.write("a.py", USELESS)
    shell.write("gen/b.py", USELESS + "#" * 60)
    shell.write("tests/test_c.py", USELESS)
    shell.write("backend-engineer.toml", setting)
    assert shell.check().places == shown


def test_severities_change_how_severe_a_rule_is(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    shell.write("backend-engineer.toml", 'severities = { useless-suppression = "error" }')
    (finding,) = shell.check("--severity", "error").document["findings"]
    assert finding["severity"] == "error"


def test_files_whose_findings_are_ignored_are_still_read(shell: Shell) -> None:
    shell.write("schema.sql", "CREATE TABLE t (id int);")
    shell.write("backend-engineer.toml", '[per_path_ignores]\n"*.sql" = ["database"]')
    assert "1 table" in shell.run("model", "tables").out
    shell.write("backend-engineer.toml", 'exclude = ["*.sql"]')
    assert "0 tables" in shell.run("model", "tables").out


@pytest.mark.parametrize("dialect", ["mysql", "sqlite", "postgresql"])
def test_the_dialect_is_that_of_the_setting(shell: Shell, dialect: str) -> None:
    shell.write("schema.sql", "CREATE TABLE t (id int);")
    shell.write("backend-engineer.toml", f'dialect = "{dialect}"')
    (table,) = json.loads(shell.run("model", "tables", "--format", "json").out)["tables"]
    assert table["dialect"] == dialect


def test_jobs_is_the_number_of_processes(tmp_path: Path) -> None:
    assert open_session(tmp_path, Settings(jobs=3)).jobs == 3


@pytest.mark.parametrize(
    ("rule", "finding", "setting", "is_shown"),
    [
        (Confidence.HIGH, None, "high", True),
        (Confidence.MEDIUM, None, "high", False),
        (Confidence.MEDIUM, None, "medium", True),
        (Confidence.LOW, None, "medium", False),
        (Confidence.LOW, None, "low", True),
        (Confidence.HIGH, Confidence.LOW, "medium", False),
    ],
)
def test_confidence_is_that_of_the_finding_or_else_of_the_rule(
    rule: Confidence, finding: Confidence | None, setting: str, *, is_shown: bool
) -> None:
    declared = Rule("r", "api", "", Severity.ERROR, rule, "unit", lambda: ())
    found = Finding(Place("a.py", "", 0, 1), "m", "h", confidence=finding, rule="r")
    assert setting in {"high", "medium", "low"}
    selection = Selection(Settings(confidence=setting))  # type: ignore[arg-type]
    assert selection.severity(declared, found) == ("error" if is_shown else None)

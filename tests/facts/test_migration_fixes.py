"""What a fix of a migration puts in its place keeps nobody waiting, as the planner's PostgreSQL sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_analyzers.analyze import applied
from tests.fixture import Case, answered, cases, findings_of

RULES = (
    "blocking-index-build",
    "blocking-constraint",
    "not-null-scan",
    "concurrent-in-transaction",
)
FIXTURES = Path(__file__).parents[1] / "rules"


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        pytest.param(rule, case, id=f"{rule}: {case.title}")
        for rule in RULES
        for case in cases((FIXTURES / f"{rule}.md").read_text())
        if case.fixed
    ],
)
def test_a_fixed_migration_is_seen_to_be_fixed(rule: str, case: Case) -> None:
    workspace = answered(case.workspace, rule)
    findings = findings_of(workspace, rule)
    changes = [change for f in findings for fix in f.fixes for change in fix.changes]
    after = answered(applied(workspace, changes), rule)

    assert findings
    for other in RULES:
        assert not findings_of(after, other), other

"""What is reported in the example shop is what is marked there: none missing, none extra."""

from __future__ import annotations

import bisect
from pathlib import Path

from backend_analyzers.analyze import faults, review_all
from backend_analyzers.catalog import RULES
from backend_analyzers.rule import Confidence
from backend_engineer.answering import Answering
from backend_engineer.project import open_session
from backend_engineer.settings import PlannerSettings, Settings
from tests.storefront import SHOP, planted


def test_the_findings_are_the_marks(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    settings = Settings(cache=False, jobs=1, planner=PlannerSettings(statistics="statistics.json"))
    session = open_session(SHOP, settings)
    session.index()
    with Answering(SHOP, settings.planner, None, clusters=tmp_path) as planner:
        workspace = planner.settle(session.workspace, lambda _: True)
        assert not planner.unavailable

    found = set()
    for path, findings in review_all(workspace).items():
        starts = workspace.files[path].file().line_starts
        for finding in findings:
            if (finding.confidence or RULES[finding.rule].confidence) is not Confidence.LOW:
                line = bisect.bisect_right(starts, workspace.span(finding.at).start) - 1
                found.add((path, line, finding.rule))

    assert sorted(found) == sorted(planted())
    assert not faults(workspace)
    assert not session.skipped


def test_each_mark_shows_another_rule() -> None:
    marked = [rule for _, _, rule in planted()]

    assert len(marked) == len(set(marked)), "one mark for each rule"
    assert set(marked) <= set(RULES)
    assert Path(SHOP, "backend-engineer.toml").exists(), "the shop is a root of its own"

"""Every rule reports what its documentation and its fixture say, and nothing else.

`pytest --update` writes down what the rules report now; read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_analyzers import rules
from backend_analyzers.analyze import faults, prove
from backend_analyzers.catalog import RULES
from backend_analyzers.rule import Rule
from tests.fixture import Case, annotate, answered, apply_fixes, as_text, cases, findings_of

FIXTURES = Path(__file__).parent / "rules"
MODULES = Path(rules.__path__[0])
SPECS = sorted([*FIXTURES.glob("*.md"), *MODULES.glob("*/[!_]*.py")])


def _name(spec: Path) -> str:
    return spec.stem.replace("_", "-")


@pytest.mark.parametrize(
    ("spec", "case"),
    [
        pytest.param(spec, case, id=f"{spec.name}: {case.title}")
        for spec in SPECS
        for case in cases(spec.read_text())
    ],
)
def test_reports_what_is_written(spec: Path, case: Case, update: bool) -> None:
    workspace = answered(case.workspace, _name(spec))
    findings = findings_of(workspace, _name(spec))
    assert not faults(workspace)
    reported = annotate(workspace, findings)
    if update:
        text = spec.read_text()
        for path, written in case.annotated.items():
            text = text.replace(written, reported[path])
        spec.write_text(text)

    assert as_text(reported) == as_text(case.annotated)
    if case.fixed:
        assert as_text(apply_fixes(workspace, findings)) == as_text(case.fixed)
        for finding in findings:
            for fix in finding.fixes:
                assert prove(workspace, finding, fix).holds, fix.title


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_is_explained(rule: Rule) -> None:
    example = next(cases(rule.doc), None)

    assert example, "the docstring shows an example"
    workspace = answered(example.workspace, rule.name)
    assert findings_of(workspace, rule.name), "the example is reported"
    assert (FIXTURES / f"{rule.name}.md").exists(), "the edge cases are written down"

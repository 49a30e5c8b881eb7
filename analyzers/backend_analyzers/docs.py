"""The documentation of the rules, for people and for editors."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers.rule import Rule

_HEADER = """\
<!-- Generated from the rules.  Do not edit: run `pytest --update`. -->

# Rules

| Rule | Severity | Confidence | What it reports |
| --- | --- | --- | --- |
"""


def page(rule: Rule) -> str:
    """The page shown by `backend-engineer explain` and on hover."""
    facts = [f"{rule.severity}, {rule.confidence} confidence, {rule.category}"]
    facts += [f"[CWE-{n}](https://cwe.mitre.org/data/definitions/{n}.html)" for n in rule.cwe]
    facts += rule.controls
    return f"# {rule.name}\n\n{' · '.join(facts)}\n\n{rule.doc}\n"


def index(rules: Iterable[Rule]) -> str:
    """The table of all rules, followed by their pages."""
    rules = list(rules)
    rows = "".join(
        f"| [{r.name}](#{r.name}) | {r.severity} | {r.confidence} | {r.summary} |\n" for r in rules
    )
    return (
        _HEADER
        + rows
        + "".join("\n" + page(r).replace("\n## ", "\n### ").replace("# ", "## ", 1) for r in rules)
    )

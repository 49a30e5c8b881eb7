"""Which findings are shown, and how severe they are, by the settings: the same on every surface."""

from __future__ import annotations

from collections.abc import Iterable

import pathspec

from backend_analyzers.facts.paths import is_test
from backend_analyzers.rule import Finding, Rule
from backend_engineer.settings import Confidence, Settings, Severity

_SEVERITIES: tuple[Severity, ...] = ("hint", "warning", "error")
_CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")


class Selection:
    """What the settings say about rules, ready to be asked about each finding."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._least = _SEVERITIES.index(settings.severity)
        self._surest = _CONFIDENCES.index(settings.confidence)
        self._ignores = [
            (pathspec.GitIgnoreSpec.from_lines((pattern,)), names)
            for pattern, names in settings.per_path_ignores.items()
        ]

    def runs(self, rule: Rule) -> bool:
        """Whether the rule is chosen at all."""
        settings = self._settings
        if settings.severities.get(rule.name) == "off" or _names(rule, settings.ignore):
            return False
        return not settings.select or _names(rule, settings.select)

    def severity(self, rule: Rule, finding: Finding) -> Severity | None:
        """How severe a finding of `rule` is; None when it is not shown."""
        if not self.runs(rule):
            return None
        own = self._settings.severities.get(rule.name)
        severity = own if own and own != "off" else rule.severity.value
        confidence = finding.confidence or rule.confidence
        if _SEVERITIES.index(severity) < self._least:
            return None
        if _CONFIDENCES.index(confidence.value) < self._surest:
            return None
        if not self._settings.tests and is_test(finding.at.path):
            return None
        for spec, names in self._ignores:
            if _names(rule, names) and spec.match_file(finding.at.path):
                return None
        return severity


def _names(rule: Rule, names: Iterable[str]) -> bool:
    return any(name in (rule.name, rule.category) for name in names)

"""`check`: read, review, choose, fix, report."""

from __future__ import annotations

import difflib
import io
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from backend_analyzers.analyze import faults, review_all
from backend_analyzers.catalog import RULES
from backend_analyzers.rule import Finding
from backend_engineer import baseline, fixes, logs, revisions
from backend_engineer.answering import Answering, questions_of_fixes
from backend_engineer.cli.console import terminal
from backend_engineer.cli.failure import Failure
from backend_engineer.cli.reading import Project, configured, read
from backend_engineer.indexing import DEFECT
from backend_engineer.project import open_answering
from backend_engineer.report import github, gitlab, json, junit, sarif, text
from backend_engineer.report.locate import Locator, locate
from backend_engineer.report.located import Located, Outcome, Skipped
from backend_engineer.selection import Selection
from backend_engineer.settings import Severity

_SHOWING_FIXES = {"text", "json", "sarif"}


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    paths: tuple[Path, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    severity: Literal["error", "warning", "hint"] | None
    confidence: Literal["high", "medium", "low"] | None
    since: str | None
    baseline: Path | None
    write_baseline: bool
    fix: bool
    diff: bool
    format: Literal["text", "json", "sarif", "github", "gitlab", "junit"]
    output: Path | None
    statistics: bool
    color: Literal["auto", "always", "never"]
    exit_zero: bool
    jobs: int | None
    no_cache: bool


def check_project(choices: Choices) -> int:
    """Run `check` and return its exit code: 1 when there are findings."""
    if choices.write_baseline and choices.baseline is None:
        raise Failure("--write-baseline: name the file to write with --baseline FILE")
    _expect_rules("--select", choices.select)
    _expect_rules("--ignore", choices.ignore)
    known = _known(choices)
    root, settings = configured(choices.paths, _overrides(choices))
    changed = _changed(root, choices)
    project = read(choices.paths, root, settings)
    _measure(project, choices)
    with open_answering(project.root, project.settings) as answering:
        return _check(_Run(project, changed, answering), known, choices)


def _check(run: _Run, known: frozenset[str], choices: Choices) -> int:
    if choices.write_baseline:
        return _write_baseline(run, choices)
    if choices.diff:
        return _print_diff(run, known, choices)
    fixed = 0
    if choices.fix:
        fixed = run.fix(known)
        run.changed = _changed(run.project.root, choices)
    outcome = run.outcome(known, fixed, proving=choices.format in _SHOWING_FIXES)
    if run.answering.unavailable and run.project.settings.planner.enabled:
        sys.stderr.write(
            "backend-engineer: queries are not planned and migrations not watched: "
            f"{run.answering.unavailable}\n"
        )
    _report(outcome, run, choices)
    return _exit_code(run, outcome, choices)


class _Run:
    """One project under review; `workspace` moves on when fixes are applied."""

    def __init__(
        self, project: Project, changed: revisions.ChangedLines | None, answering: Answering
    ) -> None:
        self.project = project
        self.changed = changed
        self.answering = answering
        self.selection = Selection(project.settings)
        self.workspace = answering.settle(project.workspace, self.selection.runs)

    def severity(self, finding: Finding) -> Severity | None:
        if not self.project.holds(finding.at.path):
            return None
        return self.selection.severity(RULES[finding.rule], finding)

    def located(
        self, known: frozenset[str], *, proving: bool
    ) -> tuple[list[Located], list[Located]]:
        """What is to be reported, if asked with fixes proved, and what the baseline knows."""
        found = review_all(self.workspace)
        plain = self._locate(found)
        fresh = {f.fingerprint for f in plain if f.fingerprint not in known}
        held: frozenset[fixes.Held] = frozenset()
        if proving:
            self._compare(self._of(found, plain, fresh))
            held = fixes.proved(self.workspace, self._of(found, plain, fresh))
        both = [f for f in self._locate(found, held) if self._is_changed(f)]
        return (
            [f for f in both if f.fingerprint in fresh],
            [f for f in both if f.fingerprint not in fresh],
        )

    def fix(self, known: frozenset[str]) -> int:
        """Apply and write the fixes that hold; how many there were."""
        fixed = self._fixed(known)
        before = self.workspace
        lost: dict[str, str] = {}
        for path in fixed.paths:
            try:
                fixes.write(self.project.root, before, fixed, path)
            except fixes.Refused as refused:
                lost[path] = str(refused)
        for path, reason in lost.items():
            sys.stderr.write(f"backend-engineer: `{path}` was not changed: {reason}\n")
        after = fixed.workspace.updated({path: before.files.get(path) for path in lost})
        self.workspace = self.answering.settle(after, self.selection.runs)
        return fixed.count if not lost else 0

    def difference(self, known: frozenset[str]) -> str:
        """What `fix` would change."""
        return "".join(fixes.unified_diff(self.workspace, self._fixed(known)))

    def outcome(self, known: frozenset[str], fixed: int, *, proving: bool) -> Outcome:
        """What there is to report now."""
        shown, baselined = self.located(known, proving=proving)
        holds = self.project.holds
        skipped = self.project.session.skipped
        return Outcome(
            findings=tuple(shown),
            baselined=tuple(baselined),
            files=sum(holds(path) for path in self.workspace.files),
            skipped=tuple(Skipped(p, skipped[p]) for p in sorted(skipped) if holds(p)),
            faults=len(faults(self.workspace)),
            fixed=fixed,
        )

    def _fixed(self, known: frozenset[str]) -> fixes.Fixed:
        found = review_all(self.workspace)
        plain = [f for f in self._locate(found) if self._is_changed(f)]
        fresh = {f.fingerprint for f in plain if f.fingerprint not in known}
        chosen = self._of(found, plain, fresh)
        self._compare(chosen)
        return fixes.fix_all(self.workspace, chosen)

    def _compare(self, findings: Iterable[Finding]) -> None:
        """Have the queries that fixes write anew compared with those of now."""
        if self.answering.answer(questions_of_fixes(self.workspace, findings)):
            self.workspace = self.workspace.updated({}, answers=self.answering.known)

    def _locate(
        self,
        found: Mapping[str, tuple[Finding, ...]],
        held: frozenset[fixes.Held] = frozenset(),
    ) -> list[Located]:
        return locate(
            self.workspace,
            found,
            severity=self.severity,
            proves=lambda finding, fix: (finding.at, fix.title) in held,
        )

    def _of(
        self,
        found: Mapping[str, tuple[Finding, ...]],
        located: Iterable[Located],
        fingerprints: set[str],
    ) -> list[Finding]:
        """The findings behind some of their located forms."""
        wanted = {
            (f.at.path, f.at.start, f.rule, f.message)
            for f in located
            if f.fingerprint in fingerprints
        }
        return [
            finding
            for group in found.values()
            for finding in group
            if (
                finding.at.path,
                self.workspace.span(finding.at).start,
                finding.rule,
                finding.message,
            )
            in wanted
        ]

    def _is_changed(self, finding: Located) -> bool:
        return self.changed is None or self.changed.touch(finding)


def _report(outcome: Outcome, run: _Run, choices: Choices) -> None:
    if choices.output is None:
        _print(outcome, run, choices, sys.stdout)
        return
    written = io.StringIO()
    _print(outcome, run, choices, written)
    _write(choices.output, written.getvalue())


def _print(outcome: Outcome, run: _Run, choices: Choices, file: TextIO) -> None:
    project = run.project
    match choices.format:
        case "text":
            locator = Locator(run.workspace)
            text.render(
                outcome,
                terminal(file, choices.color),
                source=locator.lines,
                prefix=project.shown_prefix,
                statistics=choices.statistics,
            )
        case "json":
            file.write(json.render(outcome))
        case "sarif":
            base = Path.cwd() if project.prefix else project.root
            file.write(
                sarif.render(outcome, RULES, root=f"{base.as_uri()}/", prefix=project.prefix)
            )
        case "github":
            file.write(github.render(outcome, prefix=project.prefix))
        case "gitlab":
            file.write(gitlab.render(outcome, prefix=project.prefix))
        case "junit":
            file.write(junit.render(outcome, prefix=project.prefix))
    if choices.statistics and choices.format != "text":
        terminal(sys.stderr).print(text.statistics_table(outcome))


def _print_diff(run: _Run, known: frozenset[str], choices: Choices) -> int:
    difference = run.difference(known)
    if choices.output is None:
        sys.stdout.write(difference)
    else:
        _write(choices.output, difference)
    return _exit_code(run, run.outcome(known, 0, proving=False), choices)


def _write_baseline(run: _Run, choices: Choices) -> int:
    assert choices.baseline is not None
    shown, _ = run.located(frozenset(), proving=False)
    _write(choices.baseline, baseline.text(shown))
    noun = "finding" if len(shown) == 1 else "findings"
    sys.stderr.write(f"Wrote {len(shown)} {noun} to {choices.baseline}.\n")
    return 0


def _exit_code(run: _Run, outcome: Outcome, choices: Choices) -> int:
    """Tell of defects of ours.  Nothing is clean that could not be looked at."""
    for fault in faults(run.workspace):
        subject = f" on `{fault.path}`" if fault.path else ""
        _tell(f"the rule `{fault.rule}` failed{subject}", fault.error)
    lost = [skipped for skipped in outcome.skipped if skipped.reason.startswith(DEFECT)]
    for skipped in lost:
        _tell(f"`{skipped.path}` {DEFECT}", skipped.reason)
    if outcome.findings and not choices.exit_zero:
        return 1
    return 3 if lost else 0


def _tell(what: str, details: str) -> None:
    where = logs.record(what, details)
    sys.stderr.write(
        f"backend-engineer: {what}; this is a defect of Backend Engineer, "
        f"the details are in {where}\n"
    )


def _overrides(choices: Choices) -> dict[str, object]:
    return {
        "select": choices.select or None,
        "ignore": choices.ignore or None,
        "severity": choices.severity,
        "confidence": choices.confidence,
        "jobs": choices.jobs,
        "cache": False if choices.no_cache else None,
    }


def _known(choices: Choices) -> frozenset[str]:
    if choices.baseline is None or choices.write_baseline:
        return frozenset()
    try:
        return baseline.read(choices.baseline)
    except baseline.BaselineError as error:
        raise Failure(f"--baseline: {error}") from None


def _changed(root: Path, choices: Choices) -> revisions.ChangedLines | None:
    if choices.since is None:
        return None
    try:
        return revisions.changed_lines(root, choices.since)
    except revisions.RevisionError as error:
        raise Failure(f"--since: {error}") from None


def _measure(project: Project, choices: Choices) -> None:
    """Tell the rules what was there before, where somebody asked for what is new since then."""
    revision = choices.since or project.settings.base
    if revision:
        try:
            project.session.measure(revisions.base_at(project.root, revision))
        except revisions.RevisionError as error:
            said = "--since" if choices.since else "`base` in the settings"
            raise Failure(f"{said}: {error}") from None


def _expect_rules(option: str, names: Iterable[str]) -> None:
    known = {*RULES, *(rule.category for rule in RULES.values())}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else "`explain --all` lists them"
            raise Failure(f"{option}: there is no rule or group `{name}`; {hint}")


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise Failure(f"`{path}` cannot be written: {error.strerror or error}") from None

"""The one way from a workspace to its findings: editor, command line and other agents all take it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from backend_analyzers.catalog import RULES
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.suppressions import suppressions
from backend_analyzers.flow.code import Code
from backend_analyzers.oracle import Compared, Failed, Question
from backend_analyzers.rule import Change, Finding, Fix, Rule
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.sources import Open, Source
from backend_analyzers.workspace import Workspace


class Fault(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A rule that raised: a defect of ours, logged and otherwise without effect."""

    rule: str
    path: str
    error: str


class Report(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What some rules found."""

    findings: tuple[Finding, ...] = ()
    faults: tuple[Fault, ...] = ()


@file_fact
def file_report(file: File) -> Report:
    """The findings of every rule that needs no other file."""
    reports = [report for report in _unit_report.each(file) if report is not _NOTHING]
    reports += [
        _run(rule, file.path, file)
        for rule in RULES.values()
        if rule.scope == "file" and rule.reads(file.language)
    ]
    return _joined(reports)


def workspace_report(workspace: Workspace) -> Report:
    """The findings of every rule that compares files; none until all files are there."""
    if not workspace.option("complete"):
        return Report()
    return _joined([workspace.fact(derive) for derive in _DERIVED.values()])


def faults(workspace: Workspace) -> tuple[Fault, ...]:
    """The rules that raised, over all files."""
    of_files = [f for report in workspace.each(file_report).values() for f in report.faults]
    return (*of_files, *workspace.fact(workspace_report).faults)


def unanswered(workspace: Workspace, runs: Callable[[Rule], bool]) -> tuple[Question, ...]:
    """What some of the rules would like to know from a database; nothing that is known already."""
    workspace.fact(workspace_report)
    wanted = [derive for rule, derive in _DERIVED.items() if runs(RULES[rule])]
    return workspace.unanswered(wanted)


def review(
    workspace: Workspace, path: str, compared: Mapping[str, tuple[Finding, ...]] | None = None
) -> tuple[Finding, ...]:
    """The findings in one file, in reading order, less what a comment there suppresses.

    `compared` stands for the findings of the rules that compare files, when those of an earlier
    snapshot will do (see `compared_findings`): then only this one file is looked at.
    """
    report = workspace.one(path, file_report)
    if report is None:
        return ()
    if compared is None:
        compared = workspace.fact(compared_findings)
    found = [*report.findings, *compared.get(path, ())]
    at = {id(f): workspace.span(f.at).start for f in found}
    comments = workspace.one(path, suppressions) or ()
    shown = [f for f in found if not any(c.covers(f.rule, at[id(f)]) for c in comments)]
    if comments:
        for rule in RULES.values():
            if rule.scope == "review":
                about = _run(rule, path, workspace, path, tuple(found)).findings
                shown += [
                    f
                    for f in about
                    if not any(f.rule in c.rules and c.covers(f.rule, f.at.start) for c in comments)
                ]
    return tuple(_in_order(workspace, shown))


def review_all(workspace: Workspace) -> dict[str, tuple[Finding, ...]]:
    """The findings of every file that has any, by path in order."""
    reviewed = {path: review(workspace, path) for path in sorted(workspace.files)}
    return {path: findings for path, findings in reviewed.items() if findings}


class Proof(msgspec.Struct, frozen=True, gc=False):
    """Whether a fix holds; if not why, and if it does how that is known beyond being tried out."""

    holds: bool
    reason: str = ""


def prove(workspace: Workspace, finding: Finding, fix: Fix) -> Proof:
    """Apply a fix to the workspace and look: it parses, the finding is gone, and nothing is new.

    Queries that must give the same rows have to be compared before: unanswered is not proved.
    """
    same = same_rows(workspace, fix)
    if not same.holds:
        return same
    after = applied(workspace, fix.changes)
    touched = sorted({change.at.path for change in fix.changes} | {finding.at.path})
    for path in touched:
        if path not in after.files:
            return Proof(holds=False, reason=f"`{path}` is in no language that is read")
        was = path in workspace.files and workspace.files[path].file().tree.root_node.has_error
        if not was and after.files[path].file().tree.root_node.has_error:
            return Proof(holds=False, reason=f"`{path}` would not parse")
    before, now = _counted(workspace, touched), _counted(after, touched)
    gone = (finding.at.path, finding.rule, finding.message)
    if now[gone] >= before[gone]:
        return Proof(holds=False, reason="the finding would remain")
    if new := now - before:
        return Proof(holds=False, reason=f"a new finding would appear: {next(iter(new))[2]}")
    return same


def same_rows(workspace: Workspace, fix: Fix) -> Proof:
    """Whether every query that a fix writes anew gives the same rows, and how that is known.

    A fix of which that is not known is not offered at all.
    """
    reasons = []
    for question in fix.same:
        match workspace.answer(question):
            case Compared(verdict="proved" | "agreed", reason=reason):
                reasons.append(reason)
            case Compared(reason=reason) | Failed(reason=reason):
                return Proof(holds=False, reason=reason)
            case _:
                return Proof(holds=False, reason="the queries have not been compared")
    return Proof(holds=True, reason="; ".join(reasons))


def applied(workspace: Workspace, changes: Iterable[Change]) -> Workspace:
    """The workspace after some changes, which must not overlap."""
    by_path: dict[str, list[Edit]] = {}
    for change in changes:
        span = workspace.span(change.at)
        by_path.setdefault(span.path, []).append(Edit(span.start, span.end, change.text.encode()))
    sources: dict[str, Source | None] = {}
    for path, edits in by_path.items():
        last_first = tuple(sorted(set_of(edits), key=lambda e: (-e.start, -e.end)))
        if path in workspace.files:
            sources[path] = Open(workspace.files[path].file().edited(last_first))
        elif (language := Language.of(path)) is not None:
            sources[path] = Open(File(path, language, b"".join(e.text for e in edits)))
    return workspace.updated(sources)


def set_of(edits: Iterable[Edit]) -> list[Edit]:
    """The edits without repetition: two findings may ask for the same one."""
    return list(dict.fromkeys(edits))


def _counted(workspace: Workspace, paths: Iterable[str]) -> Counter[tuple[str, str, str]]:
    return Counter((path, f.rule, f.message) for path in paths for f in review(workspace, path))


@unit_fact
def _unit_report(code: Code) -> Report:
    report = _joined(
        [
            _run(rule, code.path, code)
            for rule in RULES.values()
            if rule.scope == "unit" and rule.reads(code.language)
        ]
    )
    return report if report.findings or report.faults else _NOTHING


_NOTHING = Report()


def _run(rule: Rule, path: str, *subject: Any) -> Report:
    """One failing rule never takes the others down."""
    try:
        return Report(tuple(rule.run(*subject)))
    except Exception:  # noqa: BLE001 - the boundary
        return Report((), (Fault(rule.name, path, traceback.format_exc()),))


def _joined(reports: Iterable[Report]) -> Report:
    findings: list[Finding] = []
    broken: list[Fault] = []
    for report in reports:
        findings += report.findings
        broken += report.faults
    return Report(tuple(findings), tuple(broken))


def _derive(rule: Rule) -> Callable[[Workspace], Report]:
    def findings_of(workspace: Workspace) -> Report:
        return _run(rule, "", workspace)

    return findings_of


_DERIVED = {rule.name: _derive(rule) for rule in RULES.values() if rule.scope == "workspace"}


def compared_findings(workspace: Workspace) -> Mapping[str, tuple[Finding, ...]]:
    """The findings of the rules that compare files, by the file they are in."""
    grouped: dict[str, list[Finding]] = {}
    for finding in workspace.fact(workspace_report).findings:
        grouped.setdefault(finding.at.path, []).append(finding)
    return {path: tuple(found) for path, found in grouped.items()}


def _in_order(workspace: Workspace, findings: Iterable[Finding]) -> list[Finding]:
    unique = {(f.rule, f.at, f.message): f for f in findings}
    return sorted(unique.values(), key=lambda f: (workspace.span(f.at), f.rule, f.message))

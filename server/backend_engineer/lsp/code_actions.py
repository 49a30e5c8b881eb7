"""Code actions: the fix of a finding, all fixes of a document, and a comment that ignores a finding.

The findings are taken from the position that is asked about, never from the diagnostics that the
client sends along: some clients send them without what we need, or none at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from lsprotocol import types as lsp

from backend_analyzers import analyze
from backend_analyzers.rule import Finding, Fix
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace
from backend_engineer import fixes
from backend_engineer.lsp import optimize, suppress, to_lsp, workspace_edit
from backend_engineer.lsp.protocol import CONTENT_MODIFIED, Refusal
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.to_lsp import Json

QUICK_FIX = "quickfix"
FIX_ALL = f"source.fixAll.{to_lsp.SOURCE}"

_PROOF_SECONDS = 0.15
"""How long a list of actions may take to prove fixes; what is left is offered without preference."""
_PROVED: WeakKeyDictionary[Workspace, dict[tuple[Place, str], bool]] = WeakKeyDictionary()


def answer(question: Question, params: lsp.CodeActionParams) -> Answer:
    """What can be done about the findings in a range."""
    start, end = question.offset(params.range.start), question.offset(params.range.end)
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    found: list[Json] = []
    if _wanted(QUICK_FIX, only):
        until = time.monotonic() + _PROOF_SECONDS
        here = [finding for finding, _ in question.shown if _touches(question, finding, start, end)]
        for finding in here:
            question.check()
            found += _fixes(question, finding, until)
        for finding in here:
            found += _ignore(question, finding)
    if _wanted(optimize.REWRITE, only):
        found += optimize.actions(question, start, end)
    if _wanted(FIX_ALL, only) and any(finding.fixes for finding, _ in question.shown):
        # Without a way to resolve it later, the edit is only made for those who asked for it.
        if question.client.resolves:
            found.append(_all_unresolved(question))
        elif only:
            found += _all(question)
    return found


def resolve(question: Question, params: lsp.CodeAction) -> Answer:
    """Make the edit of an action that was chosen."""
    data: Any = params.data if isinstance(params.data, dict) else {}
    if data.get("sql") is not None:
        made = list(optimize.resolved(question, data, params.title))
    elif data.get("rule") is None:
        made = list(_all(question))
    else:
        at = Place(question.path, str(data.get("unit")), data.get("start", 0), data.get("end", 0))
        made = [
            action
            for finding, _ in question.shown
            if finding.at == at and finding.rule == data["rule"]
            for action in (
                *_fixes(question, finding, 0, chosen=params.title),
                *_ignore(question, finding, chosen=params.title),
            )
        ]
    if not made:
        raise Refusal(CONTENT_MODIFIED, "the text has changed, and the action fits it no more")
    return made[0]


def is_proved(workspace: Workspace, finding: Finding, fix: Fix, until: float) -> bool | None:
    """Whether a fix holds; None when there was no time to find out.  What is known is kept."""
    known = _PROVED.setdefault(workspace, {})
    key = (finding.at, fix.title)
    if key not in known:
        if until and time.monotonic() > until:
            return None
        known[key] = analyze.prove(workspace, finding, fixes.native(workspace, fix)).holds
    return known[key]


def _fixes(
    question: Question, finding: Finding, until: float, chosen: str | None = None
) -> Iterator[Json]:
    for fix in finding.fixes:
        if not analyze.same_rows(question.workspace, fix).holds:
            continue
        title = fix.title
        proved = None if chosen is not None else is_proved(question.workspace, finding, fix, until)
        if proved is False:
            title = f"{fix.title} (not proved)"
        if chosen is not None and chosen not in {fix.title, f"{fix.title} (not proved)"}:
            continue
        action = _action(question, finding, chosen or title, fix, chosen=chosen is not None)
        if action is not None:
            if proved:
                action["isPreferred"] = True
            yield action


def _ignore(question: Question, finding: Finding, chosen: str | None = None) -> Iterator[Json]:
    title = f"Ignore `{finding.rule}` on this line"
    if chosen is not None and chosen != title:
        return
    change = suppress.ignoring(question, finding)
    if change is None:
        return
    action = _action(question, finding, title, Fix(title, (change,)), chosen=chosen is not None)
    if action is not None:
        yield action


def _action(
    question: Question, finding: Finding, title: str, fix: Fix, *, chosen: bool
) -> Json | None:
    """An action about one finding; with its edit, unless the client will ask for that later."""
    edit = None
    if chosen or not question.client.resolves:
        changes = fixes.native(question.workspace, fix).changes
        edit = workspace_edit.of_changes(question, changes)
        if edit is None:
            return None
    action: Json = {
        "title": title,
        "kind": QUICK_FIX,
        "diagnostics": _diagnostics(question, finding),
        "data": {
            "uri": question.reviewed.uri,
            "rule": finding.rule,
            "unit": finding.at.unit,
            "start": finding.at.start,
            "end": finding.at.end,
        },
    }
    if edit is not None:
        action["edit"] = edit
    return action


def _diagnostics(question: Question, finding: Finding) -> list[Json]:
    shown = tuple(pair for pair in question.shown if pair[0] is finding)
    return to_lsp.diagnostics(question.places, question.reviewed.text, shown)


def _all_unresolved(question: Question) -> Json:
    return {
        "title": "Apply all proved fixes",
        "kind": FIX_ALL,
        "data": {"uri": question.reviewed.uri},
    }


def _all(question: Question) -> Iterator[Json]:
    """One action that applies every proved fix of the document, until none is left."""
    path, workspace = question.path, question.workspace
    chosen = [
        finding
        for finding, _ in question.shown
        if finding.fixes and all(change.at.path == path for change in finding.fixes[0].changes)
    ]
    after = fixes.fix_all(workspace, chosen).workspace
    question.check()
    edit = workspace_edit.of_text(question, after.files[path].file().text)
    if edit is not None:
        yield {**_all_unresolved(question), "edit": edit}


def _touches(question: Question, finding: Finding, start: int, end: int) -> bool:
    """Whether a finding is in the range, or begins on a line of it: people ask from anywhere on it."""
    span = question.workspace.span(finding.at)
    if span.start <= end and start <= span.end:
        return True
    text = question.reviewed.text
    lines = [text.position(offset, "utf-8")[0] for offset in (start, span.start, end)]
    return lines[0] <= lines[1] <= lines[2]


def _wanted(kind: str, only: list[str]) -> bool:
    return not only or any(kind == one or kind.startswith(f"{one}.") for one in only)

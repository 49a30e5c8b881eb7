"""Code actions about a query: write it in another way that was proved, or make an index for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend_analyzers.optimizing import changes_of
from backend_analyzers.oracle import Advice
from backend_engineer.lsp import workspace_edit
from backend_engineer.lsp.plans import Seen, seen
from backend_engineer.lsp.question import Question
from backend_engineer.lsp.to_lsp import Json
from backend_engineer.plan_text import number

REWRITE = "refactor.rewrite"


def actions(question: Question, start: int, end: int) -> Iterator[Json]:
    """What makes the queries in a range cheaper, best first."""
    for one in seen(question.workspace, question.path):
        span = question.workspace.span(one.query.at)
        if span.start <= end and start <= span.end:
            for advice in one.answer.advice:
                action = _action(question, one, advice, chosen=False)
                if action is not None:
                    yield action


def resolved(question: Question, data: dict[str, Any], title: str) -> Iterator[Json]:
    """The action that was chosen, with its edit."""
    for one in seen(question.workspace, question.path):
        if one.query.sql == data.get("sql"):
            for advice in one.answer.advice:
                if _title(advice) == title:
                    action = _action(question, one, advice, chosen=True)
                    if action is not None:
                        yield action


def _action(question: Question, one: Seen, advice: Advice, *, chosen: bool) -> Json | None:
    changes = changes_of(question.workspace, one.query, advice)
    if not changes:
        return None
    title = _title(advice)
    edit = workspace_edit.of_changes(question, changes, label=title, proof=advice.proof)
    if edit is None:
        return None
    action: Json = {
        "title": title,
        "kind": REWRITE,
        "data": {"uri": question.reviewed.uri, "sql": one.query.sql},
    }
    if chosen or not question.client.resolves:
        action["edit"] = edit
    return action


def _title(advice: Advice) -> str:
    what = (
        f"Create index migration: {advice.title}"
        if advice.ddl
        else f"Optimize query: {advice.title}"
    )
    if advice.cost_before is None or advice.cost_after is None:
        return what
    return f"{what} (cost {number(advice.cost_before)} → {number(advice.cost_after)})"

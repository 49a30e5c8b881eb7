"""Plans in the editor: a lens above each planned query, its tree on hover, and what would be cheaper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lsprotocol import types as lsp

from backend_analyzers.facts.advice import question_of
from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.oracle import Advice, Advised, Planned
from backend_analyzers.workspace import Workspace
from backend_engineer.lsp.commands import SHOW_PLAN
from backend_engineer.lsp.hover_text import plain
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.plan_text import node_of, number, remarks, summary, tree

_EVIDENCE = {
    "full": "with statistics of production",
    "sizes": "with the sizes of tables alone",
    "none": "without statistics, so that costs mean nothing and the real plan may be another",
}
_MOST_LINES = 60


class Seen(NamedTuple):
    """A query that the planner has answered for."""

    query: Plannable
    answer: Advised

    @property
    def planned(self) -> Planned:
        return self.answer.planned


def seen(workspace: Workspace, path: str) -> Iterator[Seen]:
    """The queries of a file that have a plan."""
    for one in workspace.fact(plannable).get(path, ()):
        found = workspace.answers.get(question_of(one))
        if isinstance(found, Advised) and found.planned.plan:
            yield Seen(one, found)


def lenses(question: Question, params: lsp.CodeLensParams) -> Answer:
    """One line above each query whose cost is known."""
    del params
    if not question.reviewed.project.configuration.settings.lsp.code_lens:
        return []
    made = []
    for one in seen(question.workspace, question.path):
        title = headline(one.answer)
        if title:
            span = question.workspace.span(one.query.at)
            command = {
                "title": title,
                "command": SHOW_PLAN,
                "arguments": [question.reviewed.uri, one.query.sql],
            }
            made.append({"range": question.range(span.start, span.end), "command": command})
    return made


def headline(answer: Advised) -> str:
    """`Seq Scan on orders, cost 23,410 → 8 with an index`; "" where no cost is known."""
    planned = answer.planned
    top = node_of(planned)
    if top is None or planned.cost is None:
        return ""
    told = summary(top)
    best = next((one for one in answer.advice if one.cost_after is not None), None)
    if best is None or best.cost_after is None:
        return told
    how = "with an index" if best.ddl else "written in another way"
    return f"{told} → {number(best.cost_after)} {how}"


def sections(question: Question, offset: int) -> Iterator[str]:
    """What a hover inside a query says of its plan."""
    for one in seen(question.workspace, question.path):
        if question.holds(one.query.at, offset):
            yield described(one.answer)


def described(answer: Advised) -> str:
    """A plan with its evidence, what stands out in it, and the advice, as Markdown."""
    planned = answer.planned
    top = node_of(planned)
    if top is None:
        return ""
    known = planned.cost is not None
    lines = tree(top, costs=known).split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"… {len(lines) - _MOST_LINES} more lines"]
    parts = [
        f"**Plan** · {_EVIDENCE[planned.evidence]}",
        "```text\n" + "\n".join(lines) + "\n```",
        "\n".join(f"- {remark}" for remark in (remarks(top) if known else ())),
        "\n\n".join(advised(one) for one in answer.advice),
    ]
    return "\n\n".join(part for part in parts if part)


def described_as_text(workspace: Workspace, path: str, sql: str) -> str:
    """The plan of a query of a file, for a client that shows no markup."""
    found = next((one.answer for one in seen(workspace, path) if one.query.sql == sql), None)
    return plain(described(found)) if found is not None else "the text has changed"


def advised(one: Advice) -> str:
    """One piece of advice with its proof, as Markdown."""
    gain = ""
    if one.cost_before is not None and one.cost_after is not None:
        gain = f" · cost {number(one.cost_before)} → {number(one.cost_after)}"
    text = one.ddl or one.sql
    return f"**{one.title}**{gain}\n\n```sql\n{text}\n```\n\n{one.proof}"

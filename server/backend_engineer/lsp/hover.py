"""Hover that explains what is under the pointer: a finding, a table or column, a route."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping

from lsprotocol import types as lsp

from backend_analyzers.catalog import RULES
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.rule import Finding
from backend_engineer.lsp import effects, plans, tables
from backend_engineer.lsp.hover_text import plain
from backend_engineer.lsp.question import Answer, Question
from backend_engineer.lsp.sql_names import named_at
from backend_engineer.lsp.symbols import route_name
from backend_engineer.lsp.to_lsp import link
from backend_engineer.settings import Severity

_RULE = "\n\n---\n\n"
_LONGEST_WHY = 1_500
_SQL = {"query", "sql", "condition"}


def answer(question: Question, params: lsp.HoverParams) -> Answer:
    """What is known of everything that the pointer is on."""
    offset = question.offset(params.position)
    sections: list[str] = []
    ranges: list[tuple[int, int]] = []
    for finding, severity in question.shown:
        if question.holds(finding.at, offset):
            span = question.workspace.span(finding.at)
            sections.append(_finding(finding, severity))
            ranges.append((span.start, span.end))
    for named in named_at(question.workspace, question.path, offset)[:1]:
        span = question.workspace.span(named.at)
        sections.append(tables.described(question, named))
        ranges.insert(0, (span.start, span.end))
    sections += plans.sections(question, offset)
    sections += effects.sections(question, offset)
    sections += [
        _route(route)
        for route in question.workspace.fact(routes)
        if route.place.path == question.path and _is_head(question, route, offset)
    ]
    if not sections:
        return None
    text = _RULE.join(dict.fromkeys(sections))
    shown = question.client.markdown
    made: dict[str, object] = {
        "contents": {
            "kind": "markdown" if shown else "plaintext",
            "value": text if shown else plain(text),
        }
    }
    if ranges:
        made["range"] = question.range(*ranges[0])
    return made


def _finding(finding: Finding, severity: Severity) -> str:
    rule = RULES[finding.rule]
    confidence = finding.confidence or rule.confidence
    parts = [
        f"**{rule.name}** · {severity}, {confidence} confidence",
        finding.message,
        finding.help,
        *_evidence(finding.evidence),
        "\n".join(f"Fix: {fix.title}" for fix in finding.fixes),
        _why(rule.doc),
        f"[The rule's page]({link(rule.name)})" if link(rule.name) else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _evidence(evidence: Mapping[str, str]) -> Iterator[str]:
    """What fits on a line as a list, and code of several lines as code, without its indentation."""
    short = {name: text for name, text in evidence.items() if "\n" not in text}
    yield "\n".join(f"- {name}: {text}" for name, text in short.items())
    for name, text in evidence.items():
        if name not in short:
            first, _, rest = text.partition("\n")
            code = f"{first.strip()}\n{textwrap.dedent(rest).rstrip()}"
            yield f"{name}:\n\n```{'sql' if name in _SQL else ''}\n{code}\n```"


def _why(doc: str) -> str:
    """The page up to its examples: the summary, and why it matters."""
    shown = re.split(r"^## |^```", doc, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if len(shown) > _LONGEST_WHY:
        shown = shown[:_LONGEST_WHY].rsplit("\n\n", 1)[0]
    return shown


def _is_head(question: Question, route: Route, offset: int) -> bool:
    """Whether an offset is on the first line of a declaration: a call may hold its whole handler."""
    span = question.workspace.span(route.place)
    if not span.start <= offset <= span.end:
        return False
    return b"\n" not in question.reviewed.text.content[span.start : offset]


def _route(route: Route) -> str:
    lines = [f"**{route_name(route)}** · {route.framework or 'unknown framework'} route"]
    if route.handler_name:
        name = "" if route.handler_name == "function" else f" by `{route.handler_name}`"
        lines.append(f"Handled{name} in `{route.handler.path}`")
    if route.guards:
        names = ", ".join(f"`{guard.name}` ({guard.source})" for guard in route.guards)
        more = "" if route.guards_known else ", and maybe more"
        lines.append(f"Guarded by {names}{more}")
    else:
        lines.append("No guard" if route.guards_known else "Guards are not known")
    if not route.is_mounted:
        lines.append("No application is seen to serve it")
    if route.response:
        lines.append(f"Answers with `{route.response}`")
    return "\n\n".join(lines)

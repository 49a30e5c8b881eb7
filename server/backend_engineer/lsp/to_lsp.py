"""Our values as JSON for the client.  Plain data: an answer is encoded off the loop, and once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

import backend_analyzers
from backend_analyzers.rule import Finding
from backend_analyzers.source import Place, Span
from backend_analyzers.workspace import Workspace
from backend_engineer.lsp.client import Client
from backend_engineer.lsp.positions import Encoding, Text
from backend_engineer.lsp.projects import Project, Shown
from backend_engineer.settings import Severity

SOURCE = "backend-engineer"
Json = dict[str, Any]

_SEVERITY: dict[Severity, int] = {"error": 1, "warning": 2, "hint": 4}
_UNNECESSARY = 1


def position(text: Text, offset: int, encoding: Encoding) -> Json:
    line, character = text.position(offset, encoding)
    return {"line": line, "character": character}


def range_(text: Text, start: int, end: int, encoding: Encoding) -> Json:
    return {"start": position(text, start, encoding), "end": position(text, end, encoding)}


class Places:
    """Turns the places of one snapshot into ranges and locations of the protocol."""

    def __init__(self, project: Project, workspace: Workspace, client: Client) -> None:
        self.project = project
        self.workspace = workspace
        self.client = client

    def range(self, span: Span) -> Json:
        text = self.project.text(self.workspace, span.path)
        return range_(text, span.start, span.end, self.client.encoding)

    def location(self, place: Place) -> Json:
        span = self.workspace.span(place)
        return {"uri": self.project.uri(span.path), "range": self.range(span)}


def diagnostics(places: Places, text: Text, shown: Shown) -> list[Json]:
    """The findings of one file, whose text is `text`."""
    return [_diagnostic(places, text, finding, severity) for finding, severity in shown]


def _diagnostic(places: Places, text: Text, finding: Finding, severity: Severity) -> Json:
    client = places.client
    span = places.workspace.span(finding.at)
    made: Json = {
        "range": range_(text, span.start, span.end, client.encoding),
        "severity": _SEVERITY[severity],
        "code": finding.rule,
        "source": SOURCE,
        "message": f"{finding.message}\n{finding.help}" if finding.help else finding.message,
        "data": {"rule": finding.rule, "fixes": len(finding.fixes)},
    }
    if client.links and (address := link(finding.rule)):
        made["codeDescription"] = {"href": address}
    if client.tags and finding.unnecessary:
        made["tags"] = [_UNNECESSARY]
    if client.related and finding.related:
        made["relatedInformation"] = [
            {"location": places.location(related.at), "message": related.note}
            for related in finding.related
        ]
    return made


@cache
def link(rule: str) -> str:
    """The address of a rule's page: in the pages that are installed with the rules, for any network."""
    package = Path(backend_analyzers.__path__[0])
    for folder in (package, package.parent):
        if (folder / "RULES.md").is_file():
            return f"{(folder / 'RULES.md').as_uri()}#{rule}"
    return ""


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def result_id(encoded: Iterable[bytes]) -> str:
    """Identifies the findings of a file by their content."""
    state = blake2b(digest_size=9)
    for part in encoded:
        state.update(part)
    return state.hexdigest()

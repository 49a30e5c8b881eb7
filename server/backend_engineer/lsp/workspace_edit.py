"""Changes of text as edits that the client applies."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from backend_analyzers.rule import Change
from backend_engineer.lsp.question import Question
from backend_engineer.lsp.to_lsp import Json

_PROOF = "proof"
_START = {"line": 0, "character": 0}


def of_changes(
    question: Question, changes: Iterable[Change], *, label: str = "", proof: str = ""
) -> Json | None:
    """The edit that makes some changes; None when the client cannot create a file it needs.

    `proof` says why it is right, for clients that show that before they apply it.
    """
    edits: dict[str, list[Json]] = {}
    created: list[str] = []
    for change in dict.fromkeys(changes):
        span = question.workspace.span(change.at)
        if span.path in question.workspace.files:
            location = question.location(span)
        else:
            location = {
                "uri": question.reviewed.project.uri(span.path),
                "range": {"start": _START, "end": _START},
            }
            if location["uri"] not in created:
                created.append(location["uri"])
        text_edit = {"range": location["range"], "newText": change.text}
        if proof and question.client.annotates:
            text_edit["annotationId"] = _PROOF
        edits.setdefault(location["uri"], []).append(text_edit)
    made = _made(question, edits, created)
    if made is not None and proof and question.client.annotates:
        made["changeAnnotations"] = {_PROOF: {"label": label, "description": proof}}
    return made


def of_text(question: Question, text: bytes) -> Json | None:
    """The edit that turns the document into `text`, line by line; None when nothing changes."""
    old, new = question.reviewed.text.content, text
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    edits: list[Json] = []
    offsets = [0]
    for line in before:
        offsets.append(offsets[-1] + len(line))
    for kind, start, end, first, last in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            edits.append(
                {
                    "range": question.range(offsets[start], offsets[end]),
                    "newText": b"".join(after[first:last]).decode(errors="replace"),
                }
            )
    return _made(question, {question.reviewed.uri: edits}, []) if edits else None


def _made(question: Question, edits: dict[str, list[Json]], created: list[str]) -> Json | None:
    client = question.client
    if created and not (client.document_changes and client.creates_files):
        return None
    if not client.document_changes:
        return {"changes": edits}
    changes: list[Json] = [{"kind": "create", "uri": uri} for uri in created]
    for uri, made in edits.items():
        version = question.reviewed.version if uri == question.reviewed.uri else None
        changes.append({"textDocument": {"uri": uri, "version": version}, "edits": made})
    return {"documentChanges": changes}

"""The comment that ignores a finding: where it goes, so that it is a comment there."""

from __future__ import annotations

import re

import tree_sitter as ts

from backend_analyzers.facts.suppressions import enclosing_statement, suppressions
from backend_analyzers.rule import Change, Finding
from backend_analyzers.source import File, Language, Place
from backend_engineer.lsp.question import Question

_LINE = re.compile(rb"[^\r\n]*")
_SIGN = {Language.PYTHON: "#", Language.SQL: "--", Language.YAML: "#"}


def ignoring(question: Question, finding: Finding) -> Change | None:
    """The change that ignores a finding; None where no comment can stand."""
    file = question.file
    if file is None:
        return None
    span = question.workspace.span(finding.at)
    for known in question.workspace.one(file.path, suppressions) or ():
        if known.rules and known.start <= span.start < known.end:
            inside = file.text.find(b"]", known.at.start, known.at.end)
            if inside != -1:
                return _insert(file, inside, f", {finding.rule}")
    comment = f"{_SIGN.get(file.language, '//')} backend: ignore[{finding.rule}]"
    end = _line_end(file, span.start)
    if not _continues(file, end):
        return _insert(file, end, f"  {comment}")
    start = enclosing_statement(file, span.start)
    line = max(file.text.rfind(b"\n", 0, start), file.text.rfind(b"\r", 0, start)) + 1
    indent = file.text[line:start]
    if indent.strip() or _is_within(file, line, ("string", "template", "jsx")):
        return None
    return _insert(file, line, f"{indent.decode()}{comment}\n")


def _insert(file: File, offset: int, text: str) -> Change:
    return Change(Place(file.path, "", offset, offset), text)


def _line_end(file: File, offset: int) -> int:
    match = _LINE.match(file.text, offset)
    return match.end() if match else offset


def _continues(file: File, end: int) -> bool:
    """Whether the end of a line lies in a string or in markup, or is escaped."""
    return file.text[:end].endswith(b"\\") or _is_within(file, end, ("string", "template", "jsx"))


def _is_within(file: File, offset: int, kinds: tuple[str, ...]) -> bool:
    node: ts.Node | None = file.tree.root_node.descendant_for_byte_range(offset, offset + 1)
    while node is not None:
        if any(kind in node.type for kind in kinds) and node.start_byte < offset < node.end_byte:
            return True
        node = node.parent
    return False

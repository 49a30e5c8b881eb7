"""Suppressions: comments that say `backend: ignore[rule-a, rule-b] why`.

At the end of a line the comment covers that line; on a line of its own it covers the next
statement (of a definition, its head); `ignore-file` covers the file.
"""

from __future__ import annotations

import re

import msgspec
import tree_sitter as ts

from backend_analyzers.fact import file_fact
from backend_analyzers.source import File, Place


class Suppression(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One comment: the rules it names (none means all), what it covers, and the reason given."""

    at: Place
    rules: tuple[str, ...]
    start: int
    end: int
    reason: str
    line: Place
    """What to delete to be rid of the comment: its line when it has one to itself."""
    named: Place
    """Where the names of the rules stand, between the brackets."""

    def covers(self, rule: str, offset: int) -> bool:
        """Whether a finding of `rule` that starts at `offset` is suppressed."""
        return self.start <= offset < self.end and (not self.rules or rule in self.rules)


_COMMENT = re.compile(
    rb"backend:[ \t]*ignore(?P<file>-file)?[ \t]*(?:\[(?P<rules>[^\]\r\n]*)\]?)?(?P<reason>[^\r\n]*)"
)
_INNER = {
    "module",
    "program",
    "source_file",
    "block",
    "statement_block",
    "class_body",
    "ERROR",
    "switch_body",
}
_END_OF_COMMENT = re.compile(r"\s*(?:\*/|-->)\s*$")


@file_fact
def suppressions(file: File) -> tuple[Suppression, ...]:
    """The suppressions of a file, in order."""
    if b"backend:" not in file.text:
        return ()
    found = []
    for match in _COMMENT.finditer(file.text):
        comment = file.tree.root_node.descendant_for_byte_range(match.start(), match.end())
        if comment is not None and "comment" in comment.type:
            found.append(_suppression(file, match, comment))
    return tuple(found)


def enclosing_statement(file: File, offset: int) -> int:
    """Where the innermost statement around an offset starts: a comment above it would cover it."""
    node = file.tree.root_node.descendant_for_byte_range(offset, offset)
    while node is not None and node.parent is not None and node.parent.type not in _INNER:
        node = node.parent
    return node.start_byte if node is not None else offset


def _suppression(file: File, match: re.Match[bytes], comment: ts.Node) -> Suppression:
    text = file.text
    start = comment.start_byte
    end = start + len(text[start : comment.end_byte].rstrip(b"\r\n"))
    line_start = max(text.rfind(b"\n", 0, start), text.rfind(b"\r", 0, start)) + 1
    line_end = text.find(b"\n", end)
    line_end = len(text) if line_end == -1 else line_end + 1
    alone = not text[line_start:start].strip() and not text[end:line_end].strip()
    named = (match["rules"] or b"").decode(errors="replace").split(",")
    if match["file"]:
        covered = (0, len(text) + 1)
    elif alone:
        covered = _next_statement(file, end)
    else:
        covered = (line_start, line_end)
    before = len(text[line_start:start].rstrip())
    line = (line_start, line_end) if alone else (line_start + before, end)
    return Suppression(
        at=Place(file.path, "", start, end),
        rules=tuple(name.strip() for name in named if name.strip()),
        start=covered[0],
        end=covered[1],
        reason=_END_OF_COMMENT.sub("", (match["reason"] or b"").decode(errors="replace")).strip(),
        line=Place(file.path, "", *line),
        named=Place(file.path, "", *match.span("rules")) if match["rules"] else Place("", "", 0, 0),
    )


def _next_statement(file: File, after: int) -> tuple[int, int]:
    """The range of the first statement after `after`; of a definition, all before its body."""
    root = file.tree.root_node
    start = _skip_space(file.text, after)
    node = root.descendant_for_byte_range(start, start)
    while node is not None and "comment" in node.type and node.end_byte > start:
        start = _skip_space(file.text, node.end_byte)
        node = root.descendant_for_byte_range(start, start)
    if node is None or start >= len(file.text):
        return (start, start)
    while (
        node.parent is not None
        and node.parent.start_byte == start
        and node.parent.type not in _INNER
    ):
        node = node.parent
    body = _body(node)
    return (start, node.end_byte if body is None else body.start_byte)


def _body(node: ts.Node) -> ts.Node | None:
    definition = (
        node.child_by_field_name("definition") or node.child_by_field_name("declaration") or node
    )
    return definition.child_by_field_name("body") or definition.child_by_field_name("consequence")


def _skip_space(text: bytes, offset: int) -> int:
    while offset < len(text) and text[offset : offset + 1].isspace():
        offset += 1
    return offset

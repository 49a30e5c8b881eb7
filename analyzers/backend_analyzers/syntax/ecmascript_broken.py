"""Broken files: what a person is typing must not hide the rest of the file from them.

The parser's recovery can lose a whole file to one unclosed bracket, or take the functions after it
for its inside.  People lay out their code, though: what begins a line at its very start begins a
statement.  A file with errors is cut there, the parts that the parser had wrong are parsed alone,
and a line that still breaks its function is blanked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final, NamedTuple

import tree_sitter as ts

from backend_analyzers.source import Language, grammar


class Fragment(NamedTuple):
    """Top-level nodes, and the text that their offsets count in, if it is not that of the file."""

    nodes: Sequence[ts.Node]
    text: bytes | None = None
    shift: int = 0


def fragments(root: ts.Node) -> Iterator[Fragment]:
    text = root.text or b""
    origin = root.start_byte
    children = root.named_children
    language = _language(root)
    bounds = [*_bounds(text, origin, children), root.end_byte]
    number = 0
    broken_until = -1
    for start, end in pairwise(bounds):
        own = []
        is_broken = start < broken_until
        while number < len(children) and children[number].start_byte < end:
            child = children[number]
            own.append(child)
            number += 1
            if child.has_error:
                is_broken = True
                broken_until = child.end_byte
        if not is_broken or language is None or end - start > _LARGE:
            yield Fragment(own)
        else:
            part = text[start - origin : end - origin]
            repaired, tree = _repaired(part, language)
            yield Fragment(tree.root_node.named_children, repaired, start)


_LARGE: Final = 100_000
_HEAD: Final = re.compile(
    rb"""^(?: (?:export|import|function|class|interface|enum|namespace|declare|const|let|var)\b
            | (?:abstract\s+class|async\s+function|type\s+\w+)\b | @\w
            | (?:module\.)?exports\b | [\w$]+(?:\.[\w$]+)+\s*[(=<] )""",
    re.VERBOSE | re.MULTILINE,
)
_CLASS: Final = re.compile(rb"(?:export\s+(?:default\s+)?)?(?:abstract\s+)?class\b|@")


def _bounds(text: bytes, origin: int, children: Sequence[ts.Node]) -> list[int]:
    """Where statements begin, as the layout has it; nowhere inside what the parser could read."""
    whole = [(one.start_byte, one.end_byte) for one in children if not one.has_error]
    bounds = [origin]
    number = 0
    is_decorated = False
    for found in _HEAD.finditer(text):
        at = found.start() + origin
        while number < len(whole) and whole[number][1] <= at:
            number += 1
        is_inside = number < len(whole) and whole[number][0] < at
        if not is_inside and not (is_decorated and _CLASS.match(text, found.start())):
            bounds.append(at)
        if not is_inside:
            is_decorated = found[0].startswith(b"@")
    return bounds


def _language(root: ts.Node) -> Language | None:
    """The language of a tree: a node does not say it, but each grammar numbers its kinds anew."""
    possible = [(one, grammar(one)) for one in Language if one.is_ecmascript]
    nodes = [root]
    for _ in range(_SAMPLE):
        if len(possible) == 1 or not nodes:
            break
        node = nodes.pop()
        nodes.extend(node.children)
        if not node.is_error:
            kind, number = node.type, node.kind_id
            possible = [one for one in possible if one[1].node_kind_for_id(number) == kind]
    return possible[0][0] if possible else None


_SAMPLE: Final = 200


def _repaired(text: bytes, language: Language) -> tuple[bytes, ts.Tree]:
    """`text`, with lines blanked out if it parses then, and its tree."""
    parser = ts.Parser(grammar(language))
    tree = parser.parse(text)
    if not tree.root_node.has_error:
        return text, tree
    lines = [*islice(_unclosed_lines(text), _TRIES), *_error_lines(tree.root_node, text)]
    lines = [*dict.fromkeys(lines)][: 2 * _TRIES]
    sound = (text, tree) if _is_sound(tree.root_node) else None
    for attempt in (*(_blanked(text, (line,)) for line in lines), _closed(text)):
        again = tree if attempt == text else parser.parse(attempt)
        if not again.root_node.has_error:
            return attempt, again
        if sound is None and _is_sound(again.root_node):
            sound = attempt, again
    if sound is None:
        attempt = _blanked(text, lines)
        sound = attempt, parser.parse(attempt)
    return sound if _is_sound(sound[1].root_node) else (text, tree)


def _is_sound(root: ts.Node) -> bool:
    """Whether the errors are local: the parser lost no statement and invented no brace."""
    stack = [child for child in root.children if child.has_error]
    if root.is_error or any(child.is_error for child in stack):
        return False
    while stack:
        node = stack.pop()
        if node.is_missing and node.type == "}":
            return False
        stack.extend(child for child in node.children if child.has_error)
    return True


_TRIES: Final = 4


def _blanked(text: bytes, starts: Sequence[int]) -> bytes:
    """`text` without the lines that begin at `starts`, and as long as before."""
    for start in starts:
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        text = text[:start] + b" " * (end - start) + text[end:]
    return text


def _error_lines(root: ts.Node, text: bytes) -> Iterator[int]:
    """Where the lines begin that the parser stumbled over, but for the first."""
    stack = [root]
    while stack:
        node = stack.pop()
        inner = [child for child in node.children if child.has_error]
        if inner:
            stack.extend(reversed(inner))
        elif start := text.rfind(b"\n", 0, node.start_byte) + 1:
            yield start


def _unclosed_lines(text: bytes) -> Iterator[int]:
    """Where the lines begin that open a bracket which, by their indentation, nothing closes."""
    opened: list[tuple[int, int]] = []
    for found in _LINE.finditer(text):
        indent, line = len(found[1]), found[2].rstrip()
        while opened and opened[-1][0] > indent:
            yield opened.pop()[1]
        if opened and opened[-1][0] == indent:
            if line[:1] not in b")]}" and opened[-1][1]:
                yield opened[-1][1]
            opened.pop()
        if line[-1:] in {b"{", b"(", b"["}:
            opened.append((indent, found.start()))


_LINE: Final = re.compile(rb"^([ \t]*)([^\s/*][^\n]*)$", re.MULTILINE)
_TOKEN: Final = re.compile(
    rb"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[(){}\[\]]""",
    re.DOTALL,
)
_CLOSERS: Final = {b"(": b")", b"[": b"]", b"{": b"}"}


def _closed(text: bytes) -> bytes:
    """`text` with the brackets closed that it leaves open, where blank space at its end has room."""
    missing: list[bytes] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in _CLOSERS:
            missing.append(_CLOSERS[token])
        elif missing and token == missing[-1]:
            missing.pop()
    code = text.rstrip()
    end = b"".join(reversed(missing))
    room = len(text) - len(code) - 1
    return code + b"\n" + end + b" " * (room - len(end)) if len(end) <= room else text

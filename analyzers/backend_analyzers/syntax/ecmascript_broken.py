"""Broken files: what a person is typing must not hide the rest of the file from them.

The parser's recovery can lose a whole file to one unclosed bracket, or take the functions after it
for its inside.  People lay out their code, though: what begins a line at its very start begins a
statement.  A file with errors is cut there, the parts that the parser had wrong are parsed alone,
and a line that still breaks its function is blanked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice, pairwise
from typing import Final, NamedTuple

import tree_sitter as ts

from backend_analyzers.source import Language, grammar


class Fragment(NamedTuple):
    """Top-level nodes, and the text that their offsets count in, if it is not that of the file."""

    nodes: Sequence[ts.Node]
    text: bytes | None = None
    shift: int = 0


class Torn(NamedTuple):
    """A stretch of a broken file, `shift` bytes into it, that has to be parsed by itself."""

    text: bytes
    shift: int
    language: Language

    def mended(self) -> Fragment:
        """What it says, a line or two left out if need be; this depends on its text alone."""
        repaired, tree = _repaired(self.text, self.language)
        return Fragment(tree.root_node.named_children, repaired, self.shift)


def fragments(root: ts.Node) -> Iterator[Fragment | Torn]:
    """The parts of a broken file.

    Recovery depends on the trees that came before, and what is found must depend on the text alone:
    the file is parsed afresh.
    """
    text, shift = root.text or b"", root.start_byte
    language = _language(root)
    if language is None:
        yield Fragment(root.named_children)
        return
    whole = ts.Parser(grammar(language)).parse(text).root_node
    children = whole.named_children
    bounds = [*_bounds(text, children), len(text)]
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
        if is_broken and end - start < _LARGE:
            yield Torn(text[start:end], shift + start, language)
        else:
            yield Fragment(own, text, shift)


_LARGE: Final = 100_000
_HEAD: Final = re.compile(
    rb"""^(?: (?:export|import|function|class|interface|enum|namespace|declare|const|let|var)\b
            | (?:abstract\s+class|async\s+function|type\s+\w+)\b | @\w
            | (?:module\.)?exports\b | [\w$]+(?:\.[\w$]+)+\s*[(=<] )""",
    re.VERBOSE | re.MULTILINE,
)
_CLASS: Final = re.compile(rb"(?:export\s+(?:default\s+)?)?(?:abstract\s+)?class\b|@")


def _bounds(text: bytes, children: Sequence[ts.Node]) -> list[int]:
    """Where statements begin, as the layout has it; nowhere inside what the parser could read."""
    whole = [(one.start_byte, one.end_byte) for one in children if not one.has_error]
    bounds = [0]
    number = 0
    is_decorated = False
    for found in _HEAD.finditer(text):
        at = found.start()
        while number < len(whole) and whole[number][1] <= at:
            number += 1
        is_inside = number < len(whole) and whole[number][0] < at
        if at and not is_inside and not (is_decorated and _CLASS.match(text, at)):
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
    for line in lines:
        attempt = _blanked(text, line)
        again = parser.parse(attempt, _edited(tree, text, line))
        if not again.root_node.has_error:
            return attempt, again
        if sound is None and _is_sound(again.root_node):
            sound = attempt, again
    for attempt in (_closed(text), *_all_blanked(text, lines)):
        if sound is None or attempt != text:
            again = parser.parse(attempt)
            if not again.root_node.has_error:
                return attempt, again
            if _is_sound(again.root_node):
                sound = sound or (attempt, again)
    return sound or (text, tree)


def _edited(tree: ts.Tree, text: bytes, start: int) -> ts.Tree:
    """A copy of a tree that knows that a line is going to change."""
    end = _line_end(text, start)
    row = text.count(b"\n", 0, start)
    copy = tree.copy()
    after = ts.Point(row, end - start)
    copy.edit(start, end, end, ts.Point(row, 0), after, after)
    return copy


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


def _blanked(text: bytes, start: int) -> bytes:
    """`text` without the line that begins at `start`, and as long as before."""
    end = _line_end(text, start)
    return text[:start] + b" " * (end - start) + text[end:]


def _all_blanked(text: bytes, starts: Sequence[int]) -> Iterator[bytes]:
    if len(starts) > 1:
        yield reduce(_blanked, starts, text)


def _line_end(text: bytes, start: int) -> int:
    end = text.find(b"\n", start)
    return len(text) if end < 0 else end


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

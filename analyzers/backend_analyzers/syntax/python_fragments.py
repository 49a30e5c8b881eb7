"""Broken Python, taken apart by its text.

Error recovery may take a whole file for the arguments of a call that nobody has closed yet.  But
a `def` at the start of a line is one whatever stands above it.  So the damaged parts of a file
are cut at such lines, outside of strings, and each fragment is parsed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import tree_sitter as ts

from backend_analyzers.source import Language, grammar
from backend_analyzers.syntax.python_context import NO_CODE, STATEMENTS


class Source(NamedTuple):
    """What the offsets of nodes count in: the text of the file, or of a fragment that is `shift`
    bytes further on in the file."""

    text: bytes
    shift: int
    is_file: bool


class Fragment(NamedTuple):
    source: Source
    nodes: list[ts.Node]
    """Its statements, or a single `ERROR`."""
    start: int
    """Where the text of the file begins in it."""
    is_broken: bool


def parsed(text: bytes, start: int, end: int, shift: int, indent: bytes) -> Fragment:
    """The text from `start` to `end`, parsed on its own; indented code as the body of a class."""
    prefix = b"class _:\n" + indent if indent else b""
    source = Source(prefix + text[start:end], shift + start - len(prefix), is_file=False)
    root = ts.Parser(grammar(Language.PYTHON)).parse(source.text).root_node
    nodes = root.children
    if root.type == "ERROR":
        nodes = [root]
    elif prefix and nodes and nodes[0].type == "class_definition":
        nodes = [*members(nodes[0]), *nodes[1:]]
    return Fragment(source, nodes, len(prefix), root.has_error)


def members(definition: ts.Node) -> Iterator[ts.Node]:
    """What is in the body of a class; recovery may put errors between the `:` and the body."""
    for child in definition.children:
        if child.type == "block":
            yield from child.children
        elif child.type == "ERROR":
            yield child


def flattened(error: ts.Node) -> Iterator[ts.Node]:
    """The parts of an error in their order, without the blocks and errors around them."""
    stack = [error]
    while stack:
        node = stack.pop()
        if node.type in {"ERROR", "block"}:
            stack.extend(reversed(node.children))
        elif node.type not in NO_CODE:
            yield node


def is_damaged(node: ts.Node, indent: int) -> bool:
    """Whether a node of a broken file is not what stands there, as far as one can tell."""
    return (
        node.has_error
        or node.type not in STATEMENTS
        or (node.start_point.column > indent and not _follows_semicolon(node))
    )


def _follows_semicolon(node: ts.Node) -> bool:
    before = node.prev_sibling
    return before is not None and before.end_point.row == node.start_point.row


def indentation(text: bytes, start: int, end: int) -> bytes:
    """How far the body of a class is indented whose header ends at `start`; empty if it is not."""
    found = _INDENTED.search(text, start, end)
    return found.group(1) if found else b""


def class_header(text: bytes, start: int, end: int) -> tuple[bytes, bytes, int] | None:
    """The name of the class that begins at `start`, how its members are indented, and where the
    first method is; None if there is no class or no method."""
    head = _CLASS.match(text, start, end)
    method = _METHOD.search(text, head.end(), end) if head else None
    if head is None or method is None:
        return None
    return head.group(1), method.group(1), method.end()


_INDENTED: Final = re.compile(rb"\n([ \t]+)[^\s#]")
_CLASS: Final = re.compile(rb"(?:@[^\n]*\n\s*)*class[ \t]+(\w+)")
_METHOD: Final = re.compile(rb"\n([ \t]+)(?=@|def\b|class\b|async[ \t]+def\b)")


def has_definition_in_string(text: bytes, node: ts.Node) -> bool:
    """Whether a healthy node holds what looks like the start of another one."""
    return _INNER.search(text, node.start_byte, node.end_byte) is not None


_INNER: Final = re.compile(rb"\n(?:@|def\b|class\b|async[ \t]+def\b)")


def split(
    text: bytes, start: int, end: int, indent: bytes, *, finely: bool = False
) -> list[tuple[int, int]]:
    """Cut at definitions with just this indentation or, `finely`, at all statements."""
    heads, _ = _scanned(text, start, end, indent, finely)
    cuts = [start]
    for head in heads:
        if text[cuts[-1] : cuts[-1] + 1] != b"@":
            cuts.append(head)
        elif text[head : head + 1] != b"@":
            cuts.append(cuts.pop())
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def has_open_string(text: bytes, start: int, end: int) -> bool:
    """Whether a triple-quoted string that begins after `start` does not end."""
    return _scanned(text, start, end, b"", finely=False)[1]


def _scanned(
    text: bytes, start: int, end: int, indent: bytes, finely: bool
) -> tuple[list[int], bool]:
    """The starts of lines to cut at, and whether a string is left open.

    A new `\"\"\"` turns the strings of the rest of the file inside out.  If in the end one is open,
    strings with definitions in them are therefore taken for code.
    """
    heads, is_open = _walked(text, start, end, _tokens(indent, finely), trusting=True)
    if is_open:
        heads, _ = _walked(text, start, end, _tokens(indent, finely), trusting=False)
    return heads, is_open


def _walked(
    text: bytes, start: int, end: int, tokens: re.Pattern[bytes], *, trusting: bool
) -> tuple[list[int], bool]:
    heads: list[int] = []
    at = start
    while found := tokens.search(text, at, end):
        at = found.end()
        if found.lastgroup == "head":
            heads.append(at)
        elif found.lastgroup == "triple":
            quotes = found.group()
            close = _CLOSE[quotes].match(text, at, end)
            if close is None:
                if trusting:
                    return heads, True
            elif trusting or _METHOD_OR_INNER.search(text, at, close.end()) is None:
                at = close.end()
    return heads, False


_METHOD_OR_INNER: Final = re.compile(rb"\n[ \t]*(?:@\w|def [^\n]*:|class [^\n]*:|async def\b)")
_CLOSE: Final = {
    b'"""': re.compile(rb'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
    b"'''": re.compile(rb"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
}


@cache
def _tokens(indent: bytes, finely: bool) -> re.Pattern[bytes]:
    """Comments, strings, and the line starts to cut at.  Unclosed plain strings end with the line."""
    heads = rb"@|def\b|class\b|async[ \t]+def\b"
    if finely:
        heads = rb"(?!(?:elif|else|except|finally|case|and|or|in|if|for|not|is)\b)[A-Za-z_@]"
    return re.compile(
        rb"#[^\n]*"
        rb"|(?P<triple>\"\"\"|''')"
        rb"|\"(?:[^\"\\\r\n]|\\.)*+"
        rb"\"?"
        rb"|'(?:[^'\\\r\n]|\\.)*+'?"
        rb"|(?P<head>\n" + re.escape(indent) + rb"(?=" + heads + rb"))",
        re.DOTALL,
    )

"""Broken Python, taken apart by its text.

Error recovery may take a whole file for the arguments of a call that nobody has closed yet.  But
a `def` at the start of a line is one whatever stands above it.  So the damaged parts of a file
are cut at such lines, outside of strings, and each fragment is parsed by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache, lru_cache
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
    text: bytes
    nodes: tuple[ts.Node, ...]
    """Its statements, or a single `ERROR`."""
    first: int
    """Where the text of the file begins in it."""
    is_broken: bool


def parsed(code: bytes, indent: bytes) -> Fragment:
    """Some code, parsed on its own; what is indented is put into the body of a class.

    The last healthy fragments are kept: they are the neighbours of what is being typed.
    """
    key = (code, indent)
    known = _KNOWN.pop(key, None) or _parsed(code, indent)
    if not known.is_broken:
        _KNOWN[key] = known
        if len(_KNOWN) > _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN.copy())), None)
    return known


_KNOWN: Final[dict[tuple[bytes, bytes], Fragment]] = {}
_MOST_KNOWN: Final = 128


def _parsed(code: bytes, indent: bytes) -> Fragment:
    prefix = b"class _:\n" + indent if indent else b""
    text = prefix + code
    root = ts.Parser(grammar(Language.PYTHON)).parse(text).root_node
    nodes = root.children
    if root.type == "ERROR":
        nodes = [root]
    elif prefix and nodes and nodes[0].type == "class_definition":
        nodes = [*members(nodes[0]), *nodes[1:]]
    return Fragment(text, tuple(nodes), len(prefix), root.has_error)


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
    return before is not None and before.type == ";"


def indentation(text: bytes, start: int, end: int) -> bytes:
    """How far the body of a class is indented whose header ends at `start`; empty if it is not."""
    found = _INDENTED.search(text, start, end)
    return found.group(1) if found else b""


def class_name(text: bytes, start: int, end: int) -> tuple[str, int] | None:
    """The name of the class that begins at `start`, and where the name ends."""
    found = _CLASS.match(text, start, end)
    return (found.group(1).decode(errors="replace"), found.end()) if found else None


_INDENTED: Final = re.compile(rb"\n([ \t]+)[^\s#]")
_CLASS: Final = re.compile(rb"(?:@[^\n]*\n\s*)*class[ \t]+(\w+)")


def is_cut_off(text: bytes, earlier: ts.Node, node: ts.Node, end: int, indent: bytes) -> bool:
    """Whether the methods of the class `earlier` seem to go on below the damaged `node`."""
    if node.type in _DEFINITIONS or not _CLASS.match(text, earlier.start_byte):
        return False
    _, after = split(text, node.start_byte, end, indent)[0]
    return _METHOD.search(text, node.start_byte, after) is not None


_DEFINITIONS: Final = {"class_definition", "function_definition", "decorated_definition"}
_METHOD: Final = re.compile(rb"\n[ \t]+(?:@|def\b|class\b|async[ \t]+def\b)")


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
    is_decorated = text[start : start + 1] == b"@"
    for head in heads:
        if not is_decorated:
            cuts.append(head)
        is_decorated = text[head : head + 1] == b"@"
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def has_open_string(text: bytes, start: int, end: int) -> bool:
    """Whether a triple-quoted string that begins after `start` does not end."""
    if not any(
        (bisect_left(places, end - 2) - bisect_left(places, start)) % 2 for places in _quotes(text)
    ):
        return False
    return _scanned(text, start, end, b"", finely=False)[1]


@lru_cache(maxsize=8)
def _quotes(text: bytes) -> tuple[tuple[int, ...], ...]:
    """Where triple quotes are: one text is asked about at each damaged node."""
    return tuple(tuple(found.start() for found in re.finditer(quotes, text)) for quotes in _CLOSE)


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
        token = found.group()
        if token in _CLOSE:
            close = _CLOSE[token].match(text, at, end)
            if close is None:
                if trusting:
                    return heads, True
            elif trusting or _DEFINITION.search(text, at, close.end()) is None:
                at = close.end()
        elif token[0] == _LINE_FEED:
            heads.append(at)
    return heads, False


_LINE_FEED: Final = 10
_DEFINITION: Final = re.compile(rb"\n[ \t]*(?:@\w|def [^\n]*:|class [^\n]*:|async def\b)")
_CLOSE: Final = {
    b'"""': re.compile(rb'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
    b"'''": re.compile(rb"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
}


@cache
def _tokens(indent: bytes, finely: bool) -> re.Pattern[bytes]:
    """Comments, strings, and the line starts to cut at.

    A plain string that is not closed ends with its line.  The first characters of the
    alternatives stand alone, because `re` then skips what begins with no such character.
    """
    heads = rb"@|def\b|class\b|async[ \t]+def\b|(?:if|for|while|with|try)\b[^\n]*:[ \t\r]*(?:\n|\Z)"
    if finely:
        heads = rb"(?!(?:elif|else|except|finally|case|and|or|in|if|for|not|is)\b)[A-Za-z_@]"
    return re.compile(
        rb"""#[^\n]*|\"\"\"|'''|"(?:[^"\\\r\n]|\\.)*+"?|'(?:[^'\\\r\n]|\\.)*+'?"""
        rb"|\n" + re.escape(indent) + rb"(?=" + heads + rb")",
        re.DOTALL,
    )

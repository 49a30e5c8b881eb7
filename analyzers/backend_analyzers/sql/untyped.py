"""SQLite's columns without a type, for a grammar that wants one.

The type is put in for the parser, and every offset of its tree is brought back to the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from backend_analyzers.sql.nodes import Node, parse_tree

_HEAD = re.compile(rb"\s*CREATE\s+(?:\w+\s+)?TABLE\b[^(]*\(", re.IGNORECASE)
_TOKEN = re.compile(rb"'(?:[^']++|'')*+'?|\"[^\"]*+\"?|[(),]", re.DOTALL)
_COLUMN = re.compile(
    rb"\s*(?P<name>\"[^\"]+\"|[A-Za-z_\x80-\xff][\w\x80-\xff$]*)(?=\s*(?:[,)]"
    rb"|(?:NOT|NULL|DEFAULT|UNIQUE|PRIMARY|CHECK|REFERENCES|COLLATE|CONSTRAINT|GENERATED|AS)\b))",
    re.IGNORECASE,
)
_CONSTRAINTS = frozenset(
    {b"constraint", b"primary", b"foreign", b"unique", b"check", b"exclude", b"like"}
)
_TYPE = b" x"


def parse_untyped(piece: bytes, start: int) -> Node | None:
    """The tree of a CREATE TABLE that parses once its untyped columns have a type."""
    places = _untyped(piece)
    if not places:
        return None
    parts, last = [], 0
    for place in places:
        parts += [piece[last:place], _TYPE]
        last = place
    tree, clean = parse_tree(b"".join((*parts, piece[last:])), 0)
    if not clean:
        return None
    starts = [place + number * len(_TYPE) for number, place in enumerate(places)]
    stack = [tree]
    while stack:
        node = stack.pop()
        node.start = start + _original(node.start, starts)
        node.end = start + _original(node.end, starts)
        stack.extend(node.children)
    return tree


def _untyped(piece: bytes) -> list[int]:
    head = _HEAD.match(piece)
    if head is None:
        return []
    places: list[int] = []
    depth, element = 0, head.end()
    while True:
        column = _COLUMN.match(piece, element)
        if column is not None and column["name"].lower() not in _CONSTRAINTS:
            places.append(column.end())
        for token in _TOKEN.finditer(piece, element):
            if token[0] == b"," and depth == 0:
                element = token.end()
                break
            depth += (token[0] == b"(") - (token[0] == b")")
            if depth < 0:
                return places
        else:
            return places


def _original(offset: int, starts: list[int]) -> int:
    """An offset of the longer text in the shorter one."""
    before = bisect_left(starts, offset)
    if before == 0:
        return offset
    inside = min(offset - starts[before - 1], len(_TYPE))
    return offset - (before - 1) * len(_TYPE) - inside

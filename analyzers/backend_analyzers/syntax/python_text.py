"""Python's strings: every prefix, escapes, f-strings and implicit concatenation."""

from __future__ import annotations

import unicodedata
from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import Context, expression, lowers_expression, unknown


@lowers_expression("string", "concatenated_string")
def _text(c: Context, node: ts.Node) -> ir.Expr:
    if c.text[node.start_byte] == _BACKTICK:
        return unknown(c, node)
    parts: list[ir.Chunk | ir.Hole] = []
    prefix = ""
    tag: ir.Expr | None = None
    if node.type == "string":
        strings = [node]
    else:
        strings = [child for child in node.children if child.type == "string"]
    for string in strings:
        one = _string(c, string, parts)
        prefix += one
        if "t" in one:
            start = string.start_byte - c.base
            tag = ir.Name(start, start + len(one), one)
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Text(start, end, tuple(parts), tag, "b" in prefix)


_BACKTICK: Final = 0x60
"""Python 2's `repr`, which the grammar takes for a string."""


def _string(c: Context, node: ts.Node, parts: list[ir.Chunk | ir.Hole]) -> str:
    """Append the parts of one literal; its prefix in lower case."""
    prefix = ""
    for child in node.children:
        kind = child.type
        if kind == "string_content":
            _content(c, child, parts, is_bytes="b" in prefix)
        elif kind == "string_start":
            prefix = c.source(child).rstrip("\"'").lower()
        elif kind == "interpolation":
            parts.append(_hole(c, child))
    return prefix


def _content(c: Context, node: ts.Node, parts: list[ir.Chunk | ir.Hole], *, is_bytes: bool) -> None:
    at = node.start_byte
    end = node.end_byte
    if node.child_count:
        for child in node.children:
            start, after = child.start_byte, child.end_byte
            if at < start:
                parts.append(_chunk(c, at, start))
            raw = c.source(child)
            value = raw[0] if child.type == "escape_interpolation" else _escape(raw, is_bytes)
            parts.append(ir.Chunk(start - c.base, after - c.base, value))
            at = after
    if at < end:
        parts.append(_chunk(c, at, end))


def _chunk(c: Context, start: int, end: int) -> ir.Chunk:
    return ir.Chunk(start - c.base, end - c.base, c.text[start:end].decode(errors="replace"))


def _hole(c: Context, node: ts.Node) -> ir.Hole:
    """`{value!r:>{width}}`: the value, and what computes its format if anything does."""
    value: ir.Expr | None = None
    formats: list[ir.Expr] = []
    c.depth += 1
    for child in node.named_children:
        kind = child.type
        if kind == "format_specifier":
            formats += [
                expression(c, inner)
                for part in child.named_children
                if part.type in _NESTED
                for inner in part.named_children
                if inner.type not in _FORMAT
            ]
        elif value is None and kind not in _FORMAT:
            value = expression(c, child)
    c.depth -= 1
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if value is None:
        value = ir.Unknown(start, end)
    if formats:
        value = ir.Operator(value.start, formats[-1].end, "format", (value, *formats))
    return ir.Hole(start, end, value)


_NESTED: Final = frozenset({"format_expression", "interpolation"})
_FORMAT: Final = frozenset({"type_conversion", "format_specifier", "comment"})


def _escape(raw: str, is_bytes: bool) -> str:
    """What an escape sequence stands for; one that Python does not know stands for itself."""
    kind = raw[1:2]
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    try:
        if kind == "x":
            return chr(int(raw[2:], 16))  # noqa: FURB166 - the prefix is not `0x`
        if "0" <= kind <= "7":
            return chr(int(raw[1:], 8))
        if not is_bytes and kind in {"u", "U"}:
            return _character(int(raw[2:], 16))  # noqa: FURB166
        if not is_bytes and kind == "N":
            return unicodedata.lookup(raw[3:-1])
    except (ValueError, KeyError):
        return "\ufffd"
    return raw


def _character(code: int) -> str:
    """Half a surrogate pair is no text that can be stored: U+FFFD stands for it."""
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)  # noqa: PLR2004


_SIMPLE: Final = {
    "\n": "",
    "\r": "",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}

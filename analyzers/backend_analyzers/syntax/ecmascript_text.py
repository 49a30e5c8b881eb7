"""Strings, templates, numbers and the other literals of JavaScript and TypeScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    Context,
    expression,
    lowers_expression,
    sole,
    unknown,
)


@lowers_expression("string")
def string(c: Context, node: ts.Node) -> ir.Text:
    start, end = node.start_byte, node.end_byte
    parts = tuple(_chunks(c, start + 1, _closing(c, start, end)))
    return ir.Text(start - c.base, end - c.base, parts)


def _closing(c: Context, start: int, end: int) -> int:
    """Where the text of a literal ends: before the quote, if one is there."""
    closed = end - start > 1 and c.text[end - 1] == c.text[start]
    return end - 1 if closed else end


@lowers_expression("template_string", "template_literal_type")
def template(c: Context, node: ts.Node, tag: ir.Expr | None = None) -> ir.Text:
    """A template, from its tag on if it has one."""
    base = c.base
    start = node.start_byte
    end = node.end_byte
    position = start + 1
    parts: list[ir.Chunk | ir.Hole] = []
    for child in node.named_children:
        if child.type not in {"template_substitution", "template_type"}:
            continue
        at = child.start_byte
        parts += _chunks(c, position, at)
        position = child.end_byte
        parts.append(ir.Hole(at - base, position - base, sole(c, child)))
    parts += _chunks(c, position, _closing(c, start, end))
    return ir.Text(start - base if tag is None else tag.start, end - base, tuple(parts), tag)


def plain(c: Context, start: int, end: int) -> ir.Text:
    """Source text that is a string without quotes: a property name."""
    value = c.text[start:end].decode(errors="replace")
    chunk = ir.Chunk(start - c.base, end - c.base, value)
    return ir.Text(start - c.base, end - c.base, (chunk,))


def _chunks(c: Context, start: int, end: int) -> Iterator[ir.Chunk]:
    if start >= end:
        return
    base = c.base
    raw = c.text[start:end]
    if b"\\" not in raw:
        yield ir.Chunk(start - base, end - base, raw.decode(errors="replace"))
        return
    position = 0
    for found in _ESCAPE.finditer(raw):
        at = found.start()
        if at > position:
            value = raw[position:at].decode(errors="replace")
            yield ir.Chunk(start + position - base, start + at - base, value)
        position = found.end()
        yield ir.Chunk(start + at - base, start + position - base, _unescaped(found))
    if position < len(raw):
        yield ir.Chunk(start + position - base, end - base, raw[position:].decode(errors="replace"))


_ESCAPE: Final = re.compile(
    rb"""\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    | \\ (?: x(?P<x>[0-9a-fA-F]{2}) | u(?P<u>[0-9a-fA-F]{4}) | u\{(?P<point>[0-9a-fA-F]+)\}
           | (?P<octal>[0-7]{1,3}) | (?P<newline>\r\n | [\r\n] | \xe2\x80[\xa8\xa9])
           | (?P<other>[\x00-\x7f] | [\xc2-\xf4][\x80-\xbf]+) )""",
    re.VERBOSE,
)
_SINGLE: Final = {b"n": "\n", b"t": "\t", b"r": "\r", b"b": "\b", b"v": "\v", b"f": "\f"}
_LAST_POINT: Final = 0x10FFFF


def _unescaped(found: re.Match[bytes]) -> str:
    """What an escape sequence stands for.  Half a surrogate pair is U+FFFD: it is no text."""
    kind = found.lastgroup
    if kind == "low":
        high, low = int(found["high"], 16), int(found["low"], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    assert kind is not None
    value = found[kind]
    if kind == "newline":
        return ""
    if kind == "other":
        return _SINGLE.get(value) or value.decode(errors="replace")
    code = int(value, 8) if kind == "octal" else int(value, 16)
    if code > _LAST_POINT or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        return "\ufffd"
    return chr(code)


@lowers_expression("number")
def _number(c: Context, node: ts.Node) -> ir.Expr:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    value = _number_value(c.source(node))
    return ir.Unknown(start, end) if value is None else ir.Constant(start, end, value)


def _number_value(source: str) -> int | float | None:
    """The value, as a float where an integer has more than 64 bits: so has it in JavaScript."""
    digits = source.replace("_", "").lower().removesuffix("n")
    try:
        if digits.startswith(("0x", "0o", "0b")):
            value: int | float = int(digits, 0)
        elif digits.isdecimal() and len(digits) <= _DIGITS:
            is_octal = digits.startswith("0") and not set(digits) & set("89")
            value = int(digits, 8 if is_octal else 10)
        else:
            value = float(digits)
        return value if isinstance(value, float) or value < _LARGE else float(value)
    except (ValueError, OverflowError):
        return None


_DIGITS: Final = 20
_LARGE: Final = 2**63


@lowers_expression("true", "false", "null", "undefined")
def _constant(c: Context, node: ts.Node) -> ir.Constant:
    value = {"true": True, "false": False}.get(node.type)
    return ir.Constant(node.start_byte - c.base, node.end_byte - c.base, value)


@lowers_expression("regex")
def _regex(c: Context, node: ts.Node) -> ir.Expr:
    """`/pattern/flags` is `new RegExp("pattern", "flags")`, and lowers to that."""
    start, end = node.start_byte - c.base, node.end_byte - c.base
    texts = [
        plain(c, child.start_byte, child.end_byte)
        for child in node.named_children
        if child.type in {"regex_pattern", "regex_flags"}
    ]
    arguments = tuple(ir.Argument(one.start, one.end, one) for one in texts)
    return ir.Call(start, end, ir.Name(start, start, "RegExp"), arguments, new=True)


@lowers_expression("jsx_element", "jsx_self_closing_element")
def _jsx(c: Context, node: ts.Node) -> ir.Unknown:
    """The expressions inside, of nested elements too."""
    found: list[ir.Expr] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if current.type in {"jsx_expression", "ERROR"}:
            found += [expression(c, child) for child in current.named_children if _is_code(child)]
        elif current.type.startswith("jsx_"):
            stack.extend(reversed(current.named_children))
        elif current.type == "string":
            found.append(string(c, current))
    return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base, tuple(found))


def _is_code(node: ts.Node) -> bool:
    return node.type != "comment"


@lowers_expression("meta_property")
def _meta(c: Context, node: ts.Node) -> ir.Expr:
    """`import.meta`; `new.target` is nothing that we know."""
    start, end = node.start_byte, node.end_byte
    if not c.text.startswith(b"import", start) or end - start < len("import.meta"):
        return unknown(c, node)
    name = ir.Name(start - c.base, start + 6 - c.base, "import")
    return ir.Attribute(start - c.base, end - c.base, name, "meta", end - 4 - c.base)

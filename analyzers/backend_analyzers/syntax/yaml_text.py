"""The texts of YAML: plain, in quotes, and in blocks, as chunks that know where each part stands."""

from __future__ import annotations

import re
from sys import maxunicode

from backend_analyzers import ir

_DOUBLE = re.compile(
    rb"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)|[ \t]*\r?\n\s*",
    re.DOTALL,
)
_SINGLE = re.compile(rb"''|[ \t]*\r?\n\s*")
_PLAIN = re.compile(rb"[ \t]*\r?\n\s*")
_ESCAPES = {
    b"0": "\0",
    b"a": "\a",
    b"b": "\b",
    b"t": "\t",
    b"\t": "\t",
    b"n": "\n",
    b"v": "\v",
    b"f": "\f",
    b"r": "\r",
    b"e": "\x1b",
    b"N": "\x85",
    b"_": "\xa0",
    b"L": "\u2028",
    b"P": "\u2029",
}
_BROKEN = re.compile(rb"(?<=\n)[ \t]*\r?\n")


def quoted_text(written: bytes, start: int) -> tuple[ir.Chunk, ...]:
    """The parts of a text in quotes (or what stands for them) that begins at `start`."""
    escapes = {b'"': _DOUBLE, b"'": _SINGLE}.get(written[:1], _PLAIN)
    size = len(written)
    last = size - 1 if size > 1 and written[-1:] == written[:1] else size
    chunks: list[ir.Chunk] = []
    at = 1
    for found in escapes.finditer(written, 1, last):
        if found.start() > at:
            chunks.append(_chunk(written, at, found.start(), start))
        said = _escaped(found[0])
        chunks.append(ir.Chunk(start + found.start(), start + found.end(), said))
        at = found.end()
    if at < last:
        chunks.append(_chunk(written, at, last, start))
    return tuple(chunks)


def _chunk(written: bytes, first: int, last: int, start: int) -> ir.Chunk:
    content = written[first:last].decode(errors="replace")
    return ir.Chunk(start + first, start + last, content)


def _escaped(found: bytes) -> str:
    if found == b"''":
        return "'"
    if not found.startswith(b"\\"):
        # A line break is a space, and each empty line below it a break.
        return "\n" * len(_BROKEN.findall(found)) or " "
    code = found[1:]
    if code[:1] in {b"x", b"u", b"U"} and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number).encode(errors="replace").decode() if number <= maxunicode else "\ufffd"
    if code[:1] in {b"\n", b"\r"}:
        return ""
    return _ESCAPES.get(code, code.decode(errors="replace"))


_HEADER = re.compile(rb"[|>](?P<signs>[-+\d]*)[^\n]*\n")


def block_text(text: bytes, start: int, end: int) -> tuple[ir.Chunk, ...]:
    """The parts of a block: `|` keeps its lines, `>` joins them."""
    header = _HEADER.match(text, start, end)
    if header is None:
        return ()
    is_folded = text[start : start + 1] == b">"
    lines = _lines(text, header.end(), end)
    filled = [line for line in lines if text[line[0] : line[1]].strip()]
    if not filled:
        return ()
    indent = min(_indent(text, *line) for line in filled[:1])
    chunks: list[ir.Chunk] = []
    was_plain = False
    for first, last in lines:
        begin = min(first + indent, last) if text[first:last].strip() else last
        content = text[begin:last].decode(errors="replace")
        is_plain = bool(content) and content[0] not in " \t"
        if is_folded and was_plain and chunks:
            if is_plain:
                chunks[-1] = ir.Chunk(chunks[-1].start, begin, " ")
            was_plain = is_plain
        if content:
            chunks.append(ir.Chunk(begin, last, content))
        if last < end:
            chunks.append(ir.Chunk(last, last + 1, "\n"))
        was_plain = is_plain
    if b"-" in header["signs"] and chunks and chunks[-1].text == "\n":
        chunks.pop()
    return tuple(chunks)


def _lines(text: bytes, start: int, end: int) -> list[tuple[int, int]]:
    found = []
    while start < end:
        stop = text.find(b"\n", start, end)
        stop = end if stop == -1 else stop
        found.append((start, stop - (text[stop - 1 : stop] == b"\r" and stop > start)))
        start = stop + 1
    return found


def _indent(text: bytes, start: int, end: int) -> int:
    line = text[start:end]
    return len(line) - len(line.lstrip(b" "))

"""Positions of the protocol and offsets in bytes, in each encoding that LSP knows.

Lines end at LF, CRLF or CR and nowhere else: a form feed or U+2028 is a character like others.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal

from backend_analyzers.source import Edit, File

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MASK, _CONTINUES = 0b1100_0000, 0b1000_0000
_CODECS = {"utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Text:
    """The bytes of one version of a document, and where its lines start."""

    __slots__ = ("content", "starts")

    def __init__(self, content: bytes, starts: list[int] | None = None) -> None:
        self.content = content
        self.starts = starts or _starts(content, 0, len(content), [0])

    @staticmethod
    def of(file: File) -> Text:
        return Text(file.text, list(file.line_starts))

    def edited(self, edit: Edit) -> Text:
        """This text after an edit.  Only the lines that it touches are looked at again."""
        content = self.content[: edit.start] + edit.text + self.content[edit.end :]
        grown = len(edit.text) - (edit.end - edit.start)
        # One line more on each side, since an edit can join or part a CR and its LF.
        first = max(0, bisect_right(self.starts, edit.start) - 2)
        after = min(len(self.starts), bisect_right(self.starts, edit.end) + 1)
        until = self.starts[after] + grown if after < len(self.starts) else len(content)
        starts = self.starts[: first + 1]
        _starts(content, starts[-1], until, starts)
        if after < len(self.starts):
            if starts[-1] == until:
                starts.pop()
            starts += (
                [start + grown for start in self.starts[after:]] if grown else self.starts[after:]
            )
        return Text(content, starts)

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position; one past the end of a line or of the text is that end."""
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.content)
        start = self.starts[line]
        content = self._line(line)
        character = max(character, 0)
        if encoding == "utf-8":
            while 0 < character < len(content) and _is_inner(content[character]):
                character -= 1
            return start + min(character, len(content))
        if content.isascii():
            return start + min(character, len(content))
        codec, size = _CODECS[encoding]
        units = content.decode(errors="replace").encode(codec)[: character * size]
        return start + len(units.decode(codec, errors="ignore").encode())

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """The line and character of an offset; one inside a character is that character's start."""
        offset = min(max(offset, 0), len(self.content))
        line = bisect_right(self.starts, offset) - 1
        before = self.content[self.starts[line] : offset]
        if encoding == "utf-8" or before.isascii():
            return line, len(before)
        codec, size = _CODECS[encoding]
        return line, len(before.decode(errors="ignore").encode(codec)) // size

    def _line(self, line: int) -> bytes:
        """A line without its end."""
        following = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.content)
        return self.content[self.starts[line] : following].rstrip(b"\r\n")


def _is_inner(byte: int) -> bool:
    """Whether a byte of UTF-8 continues a character."""
    return byte & _MASK == _CONTINUES


def back(offset: int, edits: Iterable[Edit]) -> int:
    """Where an offset was before `edits`, which were applied one after the other."""
    for edit in reversed(tuple(edits)):
        after = edit.start + len(edit.text)
        if offset >= after:
            offset += edit.end - after
        elif offset > edit.start:
            offset = edit.start
    return offset


def forward(offset: int, edits: Iterable[Edit]) -> int:
    """Where an offset is after `edits`; inside replaced text it moves to its start."""
    for edit in edits:
        if offset >= edit.end and offset > edit.start:
            offset += edit.start + len(edit.text) - edit.end
        elif offset > edit.start:
            offset = edit.start
    return offset


def _starts(content: bytes, start: int, end: int, into: list[int]) -> list[int]:
    into += [match.end() for match in _LINE_END.finditer(content, start, end)]
    return into

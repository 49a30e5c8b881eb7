"""Where the keys of a TOML document stand, which `tomllib` does not tell.

The document must be valid (`tomllib` has read it); then finding its keys takes a scanner of
strings, brackets and comments only, not a second parser of values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The keys from the root to a value; the index of an element of an array of tables is a number."""


class KeyPlace(NamedTuple):
    """One-based, as people count; the column counts characters."""

    line: int
    column: int


def key_places(text: str) -> Mapping[Path, KeyPlace]:
    """The place where each key, and each table, is first written in a valid document."""
    return _Scanner(text).scan()


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # up to two quotes may precede the closing three
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, KeyPlace] = {}
        self.arrays: dict[Path, int] = {}
        """The index of the last element of each array of tables."""

    def scan(self) -> Mapping[Path, KeyPlace]:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            table = self._header() if self.text[self.at] == "[" else self._pair(table)
        return self.found

    def _header(self) -> Path:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        self._skip(_SPACE)
        keys = self._dotted()
        self._skip(_SPACE)
        self.at += 2 if is_array else 1
        if is_array:
            *parents, last = keys
            array = (*self._within((), [key for key, _ in parents]), last[0])
            self._note(array, last[1])
            self.arrays[array] = self.arrays.get(array, -1) + 1
        return self._define((), keys)

    def _pair(self, table: Path) -> Path:
        """Read `key = value` and return `table`, to which the next pair belongs too."""
        keys = self._dotted()
        self._skip(_SPACE)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(self._define(table, keys))
        return table

    def _value(self, path: Path) -> None:
        if string := _STRING.match(self.text, self.at):
            self.at = string.end()
        elif self.text.startswith("[", self.at):
            self._array(path)
        elif self.text.startswith("{", self.at):
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "]":
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "}":
            self._pair(path)
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
        self.at += 1

    def _dotted(self) -> list[tuple[str, int]]:
        """Read a key and return its parts, each with the offset where it stands."""
        keys = []
        while True:
            start = self.at
            keys.append((self._key(), start))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1
            self._skip(_SPACE)

    def _key(self) -> str:
        if bare := _BARE.match(self.text, self.at):
            self.at = bare.end()
            return bare.group()
        quoted = _STRING.match(self.text, self.at)
        assert quoted is not None, "the document is valid"
        self.at = quoted.end()
        inner = quoted.group()[1:-1]
        return _ESCAPE.sub(_unescape, inner) if quoted.group()[0] == '"' else inner

    def _define(self, table: Path, keys: list[tuple[str, int]]) -> Path:
        path = table
        for key, offset in keys:
            path = self._within(path, [key], offset)
        return path

    def _within(self, table: Path, keys: list[str], offset: int | None = None) -> Path:
        """The path of `keys` below `table`, through the newest element of arrays of tables."""
        path = table
        for key in keys:
            path = (*path, key)
            if offset is not None:
                self._note(path, offset)
            if path in self.arrays:
                path = (*path, self.arrays[path])
                if offset is not None:
                    self._note(path, offset)
        return path

    def _note(self, path: Path, offset: int) -> None:
        if path not in self.found:
            line_start = self.text.rfind("\n", 0, offset) + 1
            line = self.text.count("\n", 0, offset) + 1
            self.found[path] = KeyPlace(line, offset - line_start + 1)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    if code:
        return chr(int(code, 16))
    return _ESCAPED.get(match.group(3), match.group(3))

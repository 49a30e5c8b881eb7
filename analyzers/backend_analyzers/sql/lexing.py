"""Cut a text into statements and make each acceptable to a PostgreSQL grammar, byte for byte.

Everything that no grammar knows (placeholders of drivers, template braces, backticks, psql commands,
COPY data, comments) is replaced by something of the same length, so that every offset into the
prepared text is an offset into the original.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_analyzers.sql.statement import Dialect

MAX_STATEMENT = 256 * 1024
# An INSERT longer than this is read up to its first row; after so many statements, no INSERT is read.
ROWS_THAT_MATTER = 8 * 1024
READ_WHOLE = 400

_TOKEN = re.compile(
    rb"""
    (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<close>\*/)
  | (?P<string>'(?:[^']++|'')*+'?)
  | (?P<quoted>"(?:[^"]++|"")*+"?)
  | (?P<backtick>`[^`\n]*+`?)
  | (?P<dollar>(?<![\w$])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)
  | (?P<hole>\{\{.*?\}\}|\{%.*?%\}|[$\#]?\{[^{}\n]*\}|\?\?)
  | (?P<parameter>%\(\w+\)[sdf]|%[sdb](?!\w)|(?<![\w$])\$\w+|\?\d+
      |(?<![:\w\])]):[A-Za-z_]\w*|(?<=[\s=(,]):\d+
      |(?<![\w<>=!~@\#^&|?*/-])@@?[A-Za-z_]\w*)
  | (?P<question>\?(?![|&?]))
  | (?P<end>;)
  | (?P<meta>^\\[a-zA-Z!?.][^\n]*)
  | (?P<word>\b(?i:BEGIN|CASE|END|DELIMITER)\b)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
# Where a token can begin: skipping to there is far cheaper than trying every token at every byte.
_START = re.compile(rb"[-/*'\"`$%{#?:@;\\]")
_START_WITH_WORDS = re.compile(rb"[-/*'\"`$%{#?:@;\\bBcCdDeE]")
_ESCAPES = re.compile(rb"'(?:[^'\\]++|\\.|'')*+'?", re.DOTALL)
_MYSQL_DOUBLE = re.compile(rb'"(?:[^"\\]++|\\.|"")*+"?', re.DOTALL)
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_COPY = re.compile(rb"\s*COPY\b[^;]*\bFROM\s+STDIN\b", re.IGNORECASE)
_COPY_END = re.compile(rb"^\\\.[^\n]*", re.MULTILINE)
_CREATE = re.compile(rb"\s*(?:CREATE|ALTER)\b", re.IGNORECASE)
_DELIMITER = re.compile(rb"DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_NOT_AN_END = re.compile(rb"END\s+(?:IF|WHILE|LOOP|REPEAT)\b", re.IGNORECASE)
_BEFORE_OPERAND = re.compile(
    rb"(?:^|[=<>(,+\-*/|%!~\[]|\b(?:LIKE|ILIKE|IN|LIMIT|OFFSET|AND|OR|NOT|BETWEEN|VALUES?|SELECT"
    rb"|WHEN|THEN|ELSE|BY|RETURNING|SET|WHERE|ON|IS|FROM|TO|ANY|ALL|REGEXP|MATCH|INTERVAL))\s*\Z",
    re.IGNORECASE,
)
_BEFORE_LIST = re.compile(rb"\b(NOT\s+)?IN\s*\Z", re.IGNORECASE)
# A whole INSERT of plain values: dumps have hundreds of thousands, which the token loop is too slow for.
_ROWS = re.compile(
    rb"\s*(?:INSERT|REPLACE)\b(?:[^;'\"$\\\-/]++|'(?:[^']++|'')*+')*+;", re.IGNORECASE
)
_MYSQL_ROWS = re.compile(
    rb"\s*(?:INSERT|REPLACE)\b(?:[^;'\"$\\\-/]++|'(?:[^'\\]++|\\.|'')*+')*+;",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(rb"[^\s;]")


class Prepared:
    """A text ready to be parsed: ``text`` has the length of the original."""

    __slots__ = ("dialect", "holes", "lists", "original", "parameters", "pieces", "text")

    def __init__(self, original: bytes, dialect: Dialect) -> None:
        self.original = original
        self.dialect = dialect
        self.text: bytes = original
        self.holes: list[tuple[int, int]] = []
        self.parameters: list[tuple[int, int]] = []
        self.lists: dict[int, str] = {}
        self.pieces: list[tuple[int, int]] = []


def prepare(original: bytes, dialect: Dialect, holes: Sequence[tuple[int, int]] = ()) -> Prepared:
    """Split and normalise; ``holes`` are byte ranges whose content is unknown."""
    scanner = _Scanner(Prepared(original, dialect))
    size = len(original)
    for start, end in sorted(holes):
        first, last = max(0, min(start, size)), max(0, min(end, size))
        if first <= last:
            scanner.hole(first, last)
    scanner.run()
    return scanner.finish()


class _Scanner:
    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.out = bytearray(prepared.original)
        self.source = prepared.original
        self.piece = 0
        self.compound = 0
        self.backslash = prepared.dialect == "mysql"

    def hole(self, start: int, end: int) -> None:
        self.out[start:end] = b"h" * (end - start)
        self.source = bytes(self.out)
        self.prepared.holes.append((start, end))
        self._unlist(start)

    def run(self) -> None:
        source = self.source
        upper = source.upper()
        words = b"BEGIN" in upper or b"DELIMITER" in upper
        start = (_START_WITH_WORDS if words else _START).search
        found = start(source, 0)
        while found is not None:
            position = found.start()
            match = _TOKEN.match(source, position)
            if match is not None:
                following = getattr(self, f"_{match.lastgroup}")(match)
                position = max(following - 1, position)
            found = start(source, position + 1)

    def finish(self) -> Prepared:
        prepared = self.prepared
        self._cut(len(self.source))
        prepared.text = bytes(self.out)
        prepared.holes.sort()
        return prepared

    def _blank(self, start: int, end: int) -> int:
        self.out[start:end] = b" " * (end - start)
        return end

    def _cut(self, end: int) -> None:
        if _CODE.search(self.out, self.piece, end):
            self.prepared.pieces.append((self.piece, end))
        self.piece, self.compound = end, 0

    def _comment(self, match: re.Match[bytes]) -> int:
        return self._blank(*match.span())

    def _block(self, match: re.Match[bytes]) -> int:
        start = match.start()
        if self.source.startswith(b"/*!", start):
            end = start + 3
            while end < len(self.source) and 48 <= self.source[end] <= 57:  # noqa: PLR2004
                end += 1
            return self._blank(start, end)
        depth, position = 1, match.end()
        while depth:
            edge = _COMMENT_EDGE.search(self.source, position)
            if edge is None:
                return self._blank(start, len(self.source))
            depth += 1 if edge[0] == b"/*" and self.prepared.dialect == "postgresql" else 0
            depth -= edge[0] == b"*/"
            position = edge.end()
        return self._blank(start, position)

    def _close(self, match: re.Match[bytes]) -> int:
        return self._blank(*match.span())

    def _string(self, match: re.Match[bytes]) -> int:
        start = match.start()
        if start and self.source[start - 1 : start] in b"eE":
            before = self.source[start - 2 : start - 1] if start > 1 else b""
            if not (before.isalnum() or before in {b"_", b"$"}):
                found = _ESCAPES.match(self.source, start)
                return found.end() if found else match.end()
        if not self.backslash or b"\\" not in match[0]:
            return match.end()
        found = _ESCAPES.match(self.source, match.start())
        return self._literal(*found.span()) if found else match.end()

    def _quoted(self, match: re.Match[bytes]) -> int:
        if not self.backslash:
            return match.end()
        found = _MYSQL_DOUBLE.match(self.source, match.start())
        return self._literal(*found.span()) if found else match.end()

    def _literal(self, start: int, end: int) -> int:
        """Turn a MySQL string into a standard one: no backslash escapes, single quotes around."""
        body = re.sub(rb"\\.|''|'|\"\"", b"__", self.source[start + 1 : end - 1], flags=re.DOTALL)
        self.out[start:end] = b"'" + body[: end - start - 2].ljust(end - start - 2) + b"'"
        return end

    def _backtick(self, match: re.Match[bytes]) -> int:
        start, end = match.span()
        if end - start > 1 and self.source[end - 1] == 0x60 and b'"' not in match[0]:  # noqa: PLR2004
            self.out[start] = self.out[end - 1] = 0x22
        return end

    def _dollar(self, match: re.Match[bytes]) -> int:
        end = self.source.find(match[0], match.end())
        return len(self.source) if end < 0 else end + len(match[0])

    def _hole(self, match: re.Match[bytes]) -> int:
        start, end = match.span()
        self.out[start:end] = b"h" * (end - start)
        self.prepared.holes.append((start, end))
        self._unlist(start)
        return end

    def _parameter(self, match: re.Match[bytes]) -> int:
        start, end = match.span()
        self.out[start:end] = b"$" + b"1" * (end - start - 1)
        self.prepared.parameters.append((start, end))
        self._unlist(start)
        return end

    def _question(self, match: re.Match[bytes]) -> int:
        start, end = match.span()
        if _BEFORE_OPERAND.search(self.out[max(0, start - 40) : start]):
            self.out[start:end] = b"0"
            self.prepared.parameters.append((start, end))
            self._unlist(start)
        return end

    def _unlist(self, start: int) -> None:
        """A placeholder after IN is a whole list to its driver; to the grammar it must be a value."""
        before = _BEFORE_LIST.search(self.out[max(0, start - 24) : start])
        if before is not None:
            first = max(0, start - 24) + before.start()
            operator = b"<>" if before[1] else b"="
            self.out[first:start] = operator.ljust(start - first)
            self.prepared.lists[first] = "not in" if before[1] else "in"

    def _end(self, match: re.Match[bytes]) -> int:
        end = match.end()
        if self.compound:
            return end
        head = self.out[self.piece : min(end, self.piece + 4096)]
        self._cut(end)
        if _COPY.match(head):
            data = _COPY_END.search(self.source, end)
            self.piece = self._blank(end, data.end() if data else len(self.source))
            return self.piece
        return self._skip_rows(end)

    def _skip_rows(self, position: int) -> int:
        pattern = _MYSQL_ROWS if self.backslash else _ROWS
        while True:
            found = pattern.match(self.source, position)
            if found is None or (
                len(self.prepared.pieces) <= READ_WHOLE
                and found.end() - found.start() <= ROWS_THAT_MATTER
            ):
                return position
            head = found.start(), min(found.end(), found.start() + 2000)
            self.out[slice(*head)] = self.out[slice(*head)].replace(b"`", b'"')
            position = self.piece = found.end()
            self.prepared.pieces.append(found.span())

    def _meta(self, match: re.Match[bytes]) -> int:
        return self._blank(*match.span())

    def _word(self, match: re.Match[bytes]) -> int:
        word = match[0].upper()
        if word == b"DELIMITER":
            return self._delimited(match)
        head = bytes(self.out[self.piece : self.piece + 256])
        if self.compound or (word == b"BEGIN" and _CREATE.match(head)):
            if word != b"END":
                after_end = self.source[max(0, match.start() - 8) : match.start()].upper().rstrip()
                self.compound += not after_end.endswith(b"END")
            elif not _NOT_AN_END.match(self.source, match.start()):
                self.compound -= 1
        return match.end()

    def _delimited(self, match: re.Match[bytes]) -> int:
        """MySQL's client changes the end of a statement; what it wraps are stored programs."""
        found = _DELIMITER.match(self.source, match.start())
        line = self.source.rfind(b"\n", 0, match.start()) + 1
        if found is None or self.source[line : match.start()].strip():
            return match.end()
        self._cut(match.start())
        position = self._blank(*found.span())
        mark, size = found[1], len(self.source)
        while mark != b";" and position < size:
            stop = self.source.find(mark, position)
            stop = size if stop < 0 else stop
            again = re.compile(
                rb"^\s*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE | re.MULTILINE
            ).search(self.source, position, stop + 64)
            if again is not None and again.start() <= stop:
                self.piece = position
                self._cut(again.start())
                position, mark = self._blank(*again.span()), again[1]
                continue
            self.piece = position
            self._cut(stop)
            position = self._blank(stop, min(size, stop + len(mark)))
        self.piece = position
        return position

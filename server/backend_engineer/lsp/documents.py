"""The documents that the client has open, as the protocol loop knows them."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types as lsp

from backend_analyzers.source import Edit, Language
from backend_engineer.lsp.positions import Encoding, Text

_LANGUAGES = {
    "python": Language.PYTHON,
    "javascript": Language.JAVASCRIPT,
    "javascriptreact": Language.JAVASCRIPT,
    "typescript": Language.TYPESCRIPT,
    "typescriptreact": Language.TSX,
    "sql": Language.SQL,
    "pgsql": Language.SQL,
    "plpgsql": Language.SQL,
    "prisma": Language.PRISMA,
    "yaml": Language.YAML,
}


_MASK, _CONTINUES = 0b1100_0000, 0b1000_0000
"""The bytes of UTF-8 that continue a character."""


class Document:
    """One open document in its newest version.

    The texts before it are kept until a later one is reviewed, each with the edits that led on from
    it, so that a position of now can be traced back to the text that was reviewed last.
    """

    __slots__ = ("_trail", "language", "text", "uri", "version")

    def __init__(self, item: lsp.TextDocumentItem) -> None:
        self.uri = item.uri
        self.version = item.version
        self.language = _LANGUAGES.get(item.language_id.lower())
        self.text = Text(item.text.encode(errors="replace"))
        self._trail: list[tuple[Text, tuple[Edit, ...]]] = []

    def change(
        self,
        version: int,
        changes: Iterable[lsp.TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> tuple[Edit, ...]:
        """Take in the changes of a new version; the same changes in bytes."""
        before, edits = self.text, []
        for change in changes:
            edit = self._edit(change, encoding)
            self.text = self.text.edited(edit)
            edits.append(edit)
        self.version = version
        made = tuple(edits)
        if made:
            self._trail.append((before, made))
        return made

    @property
    def behind(self) -> int:
        """How many texts before this one are kept."""
        return len(self._trail)

    def since(self, text: Text) -> tuple[Edit, ...] | None:
        """The edits made after `text`; None when it is no text of this document any more."""
        if text is self.text:
            return ()
        for index, (before, _) in enumerate(self._trail):
            if before is text:
                return tuple(edit for _, edits in self._trail[index:] for edit in edits)
        return None

    def reviewed(self, text: Text) -> None:
        """Forget the texts before `text`, which is reviewed now."""
        while self._trail and self._trail[0][0] is not text:
            del self._trail[0]

    def _edit(self, change: lsp.TextDocumentContentChangeEvent, encoding: Encoding) -> Edit:
        new = change.text.encode(errors="replace")
        if isinstance(change, lsp.TextDocumentContentChangeWholeDocument):
            return _difference(self.text.content, new)
        at = change.range
        start = self.text.offset(at.start.line, at.start.character, encoding)
        end = self.text.offset(at.end.line, at.end.character, encoding)
        return Edit(min(start, end), max(start, end), new)


def _difference(old: bytes, new: bytes) -> Edit:
    """One edit from `old` to `new`, without what is the same at both ends.

    A client that sends whole texts changes little of them, and what it did not change keeps its
    place.
    """
    start = _common(old, new)
    same = min(_common(old[::-1], new[::-1]), min(len(old), len(new)) - start)
    while 0 < start < len(old) and old[start] & _MASK == _CONTINUES:
        start -= 1
    while same and old[len(old) - same] & _MASK == _CONTINUES:
        same -= 1
    return Edit(start, len(old) - same, new[start : len(new) - same])


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with in common, by halving: comparing slices is fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low

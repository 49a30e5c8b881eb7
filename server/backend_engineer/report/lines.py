"""The lines of a text, and where its bytes stand in them."""

from __future__ import annotations

from bisect import bisect_right

from backend_analyzers.source import File
from backend_engineer.report.located import Position


class Lines:
    """The lines of one text: offsets of bytes to positions and back to text."""

    def __init__(self, file: File) -> None:
        self.text = file.text
        self.starts = file.line_starts

    def position(self, offset: int) -> Position:
        """The position of an offset; offsets outside the text are moved to its ends."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        before = self.text[self.starts[line] : offset].decode(errors="replace")
        return Position(line, len(before) + sum(char > "\uffff" for char in before))

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        if not 0 <= number < len(self.starts):
            return ""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].decode(errors="replace").rstrip("\r\n")

    def column(self, offset: int) -> int:
        """How many characters of its line stand before an offset."""
        start = self.starts[bisect_right(self.starts, offset) - 1]
        return len(self.text[start:offset].decode(errors="replace"))

"""Comments that say that everybody may use what stands below them."""

from __future__ import annotations

import re

from backend_analyzers.fact import file_fact
from backend_analyzers.source import File
from backend_analyzers.syntax import module


@file_fact
def open_notes(file: File) -> tuple[str, ...]:
    """The keys of the units that such a comment stands directly above."""
    if not _SAYS.search(file.text):
        return ()
    lowered = module(file)
    return tuple(
        unit.key
        for unit, start in zip(lowered.units, lowered.offsets, strict=True)
        if _SAYS.search(_above(file.text, start))
    )


_SAYS = re.compile(
    rb"(?i)(?:#|//|\*)[^\n]*(?:without (?:an? )?(?:log-?in|auth|session|token|account)|no[- ]auth|"
    rb"not? (?:require|need)\w* (?:log-?in|auth)|unauthenticated(?!-)|unprotected|public|anonymous|everybody|"
    rb"everyone|anyone|on purpose|intentional|deliberate)"
)
_COMMENT = (b"#", b"//", b"*", b"/*")
_MOST_LINES = 12


def _above(text: bytes, start: int) -> bytes:
    """The comment lines directly above an offset."""
    end = text.rfind(b"\n", 0, start) + 1
    first = end
    lines: list[bytes] = []
    for _ in range(_MOST_LINES):
        line = text.rfind(b"\n", 0, max(first - 1, 0)) + 1
        written = text[line:first]
        if first == 0 or not written.strip().startswith(_COMMENT):
            break
        if b"backend:" not in written:
            # A suppression is no note: it is counted by itself.
            lines.append(written)
        first = line
    return b"".join(lines)

"""What one version of a sequence has in common with the next, by identity.

A keystroke changes a unit or two of a file.  Whatever is known of the units before and after those
is taken over in one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Difference(NamedTuple):
    """Everything before `start`, and everything from `old_end` (`new_end`) on, is the same."""

    start: int
    old_end: int
    new_end: int


def difference(before: Sequence[object], after: Sequence[object]) -> Difference:
    """Where two sequences differ, looking only at which objects they hold."""
    old_end, new_end = len(before), len(after)
    start = 0
    for old, new in zip(before, after, strict=False):
        if old is not new:
            break
        start += 1
    while old_end > start and new_end > start and before[old_end - 1] is after[new_end - 1]:
        old_end -= 1
        new_end -= 1
    return Difference(start, old_end, new_end)

"""Which known name somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

_SHORT = 5
_LONG = 8


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that a slip or two of the keyboard turn into `name`; None without exactly one.

    Short names are near only when one letter differs, and very short ones never are.
    """
    allowed = 0 if len(name) < _SHORT - 1 else 1 if len(name) < _LONG else 2
    if not allowed:
        return None
    close = [
        (far, other)
        for other in set(known)
        if other != name and (far := distance(name, other, allowed)) <= allowed
    ]
    best = [other for far, other in close if far == min(close)[0]]
    return best[0] if len(best) == 1 else None


def distance(one: str, other: str, most: int) -> int:
    """How many letters to add, drop, change or swap; anything above `most` once it is sure to be more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]

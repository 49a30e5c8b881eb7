"""Functional dependencies as values: what follows from them, and which columns are keys.

`a, b -> c` says that two rows which agree on `a` and `b` agree on `c`.  The algorithms are those of
the textbooks (Maier, "The Theory of Relational Databases", 1983, chapters 4 and 5; Elmasri and
Navathe, "Fundamentals of Database Systems", chapter 15).  Those that can take exponentially long stop
at a bound and say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import msgspec

Columns = AbstractSet[str]

MOST_KEYS = 64
"""Candidate keys that are looked for; a table with more is not understood by anyone."""

_MOST_STEPS = 1_000_000
"""Dependencies looked at in the search for keys, a second or so."""


class Dependency(msgspec.Struct, frozen=True, gc=False, order=True):
    """Rows that agree on the columns at the left agree on those at the right.  Both are sorted."""

    left: tuple[str, ...]
    right: tuple[str, ...]

    @staticmethod
    def of(left: Iterable[str], right: Iterable[str]) -> Dependency:
        """The dependency between two sets of columns."""
        return Dependency(tuple(sorted(set(left))), tuple(sorted(set(right))))

    @property
    def is_trivial(self) -> bool:
        """Whether it holds in every table: it says nothing."""
        return set(self.right) <= set(self.left)

    def __str__(self) -> str:
        return f"{', '.join(self.left)} -> {', '.join(self.right)}"


class Keys(msgspec.Struct, frozen=True, gc=False):
    """The candidate keys of a table, each sorted, the shortest first.

    With `complete` there are no others; without, the search was given up.
    """

    keys: tuple[tuple[str, ...], ...]
    complete: bool = True

    @property
    def prime(self) -> frozenset[str]:
        """The columns that are part of a key."""
        return frozenset(name for key in self.keys for name in key)


def closure(columns: Iterable[str], dependencies: Iterable[Dependency]) -> frozenset[str]:
    """Every column that these columns determine (Maier, algorithm 4.2, linear in what is given).

    Each dependency counts down the columns of its left side that are still missing.
    """
    given = tuple(dependencies)
    missing = [len(one.left) for one in given]
    waiting: dict[str, list[int]] = {}
    for number, one in enumerate(given):
        for name in one.left:
            waiting.setdefault(name, []).append(number)
    known = set(columns)
    new = list(known)
    for one in given:
        if not one.left:
            new += [name for name in one.right if name not in known]
            known.update(one.right)
    while new:
        for number in waiting.get(new.pop(), ()):
            missing[number] -= 1
            if missing[number] == 0:
                fresh = [name for name in given[number].right if name not in known]
                known.update(fresh)
                new += fresh
    return frozenset(known)


def implies(dependencies: Iterable[Dependency], one: Dependency) -> bool:
    """Whether a dependency follows from others."""
    return set(one.right) <= closure(one.left, dependencies)


def minimal_cover(dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """The same dependencies without what follows from the rest (Elmasri and Navathe, algorithm 15.2).

    Right sides have one column, no column of a left side and no dependency can be left out.  Sorted.
    """
    single = sorted(
        {
            Dependency(one.left, (name,))
            for one in dependencies
            for name in one.right
            if name not in one.left
        }
    )
    reduced = sorted(
        {Dependency(reduced_left(one.left, one.right, single), one.right) for one in single}
    )
    kept = list(reduced)
    for one in reversed(reduced):
        others = [other for other in kept if other is not one]
        if implies(others, one):
            kept = others
    return tuple(kept)


def reduced_left(
    left: Iterable[str], right: Iterable[str], dependencies: Iterable[Dependency]
) -> tuple[str, ...]:
    """The left side without columns that it does not need to determine the right side."""
    given, wanted = tuple(dependencies), set(right)
    kept = sorted(set(left))
    for name in tuple(kept):
        fewer = [other for other in kept if other != name]
        if wanted <= closure(fewer, given):
            kept = fewer
    return tuple(kept)


def canonical_cover(dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """The minimal cover with one dependency for each left side."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for one in minimal_cover(dependencies):
        grouped.setdefault(one.left, []).extend(one.right)
    return tuple(Dependency(left, tuple(sorted(right))) for left, right in grouped.items())


def candidate_keys(columns: Columns, dependencies: Iterable[Dependency]) -> Keys:
    """The smallest sets of columns that determine all others.

    Lucchesi and Osborn, "Candidate keys for relations" (1978): polynomial in the number of keys, which
    itself may be exponential; so it stops at `MOST_KEYS`.
    """
    cover = minimal_cover(dependencies)
    found = [_smallest_key(columns, columns, cover)]
    known, steps = set(found), 0
    for key in found:  # grows on the way
        for one in cover:
            if key.isdisjoint(one.right):
                continue
            candidate = (key - set(one.right)) | (set(one.left) & columns)
            if any(other <= candidate for other in found):
                continue
            steps += len(candidate) * len(cover)
            if len(found) == MOST_KEYS or steps > _MOST_STEPS:
                return _in_order(found, complete=False)
            fresh = _smallest_key(candidate, columns, cover)
            if fresh not in known:
                known.add(fresh)
                found.append(fresh)
    return _in_order(found, complete=True)


def project(
    columns: Columns, dependencies: Iterable[Dependency], *, most: int = 12
) -> tuple[Dependency, ...] | None:
    """The dependencies that hold among some of the columns, as a minimal cover.

    It tries every set of the columns that anything depends on; None when these are more than `most`.
    """
    cover = minimal_cover(dependencies)
    found = []
    sets = determinants(columns, cover, most=most)
    if sets is None:
        return None
    for left in sets:
        right = (closure(left, cover) & columns) - left
        if right:
            found.append(Dependency.of(left, right))
    return minimal_cover(found)


def determinants(
    columns: Columns, cover: Iterable[Dependency], *, most: int = 12
) -> list[frozenset[str]] | None:
    """The sets of columns, small ones first, that may determine another one among `columns`.

    A column that is in no left side determines nothing but itself, with others or alone.
    """
    useful = sorted(columns & {name for one in cover for name in one.left})
    if len(useful) > most:
        return None
    sets = [
        frozenset(name for place, name in enumerate(useful) if bits >> place & 1)
        for bits in range(1 << len(useful))
    ]
    return sorted(sets, key=lambda names: (len(names), sorted(names)))


def _smallest_key(
    start: Columns, columns: Columns, cover: tuple[Dependency, ...]
) -> frozenset[str]:
    """A key within `start`, which determines everything.  What no dependency gives is in every key."""
    given = {name for one in cover for name in one.right}
    kept = set(start)
    for name in sorted(start & given, reverse=True):
        if columns <= closure(kept - {name}, cover):
            kept.discard(name)
    return frozenset(kept)


def _in_order(found: Iterable[frozenset[str]], *, complete: bool) -> Keys:
    keys = sorted((tuple(sorted(key)) for key in found), key=lambda key: (len(key), key))
    return Keys(tuple(keys), complete)

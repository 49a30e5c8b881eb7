"""Which normal form a table has, and how to take it apart into tables that have a better one.

First normal form is taken for granted: whether a value is a list in disguise is no matter of
dependencies.  Definitions are those of Codd (1972, 1974) for tables with any number of candidate
keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from backend_analyzers.sql.dependencies import (
    Columns,
    Dependency,
    Keys,
    candidate_keys,
    canonical_cover,
    closure,
    determinants,
    minimal_cover,
    reduced_left,
)

Form = Literal["1NF", "2NF", "3NF", "BCNF"]

MOST_FRAGMENTS = 64
_MOST_CELLS = 5_000
"""Of a tableau; one that is larger is not chased."""


class Analysis(msgspec.Struct, frozen=True, gc=False):
    """The normal form of a table, and the dependencies on something else than a key.

    Of what is in no key `partial` says that it depends on a part of one, `transitive` that it depends
    on what is neither key nor part; `prime` says that a part of a key depends on what is no key.  Each
    left side is as small as can be.  `form` is None when there are more keys than were looked for.
    """

    keys: Keys
    form: Form | None
    partial: tuple[Dependency, ...] = ()
    transitive: tuple[Dependency, ...] = ()
    prime: tuple[Dependency, ...] = ()

    @property
    def violations(self) -> tuple[Dependency, ...]:
        """What keeps the table from the next form."""
        return self.partial or self.transitive or self.prime


class Fragment(msgspec.Struct, frozen=True, gc=False):
    """A table of a decomposition: its columns, sorted, and one of its keys."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


class Decomposition(msgspec.Struct, frozen=True, gc=False):
    """A table taken apart.

    `lossless`: joining the fragments gives the table back, no row more.  `lost` are the dependencies
    that no constraint on single fragments can keep.  `exact` is False when the search was given up,
    so that a fragment may still be in a lower form.
    """

    fragments: tuple[Fragment, ...]
    lossless: bool
    lost: tuple[Dependency, ...] = ()
    exact: bool = True


def analyse(columns: Columns, dependencies: Iterable[Dependency]) -> Analysis:
    """The highest normal form of a table with these dependencies, which are all that hold."""
    cover = _within(columns, dependencies)
    keys = candidate_keys(columns, cover)
    offending = [one for one in cover if not columns <= closure(one.left, cover)]
    if not offending:
        return Analysis(keys, "BCNF")
    if not keys.complete:
        return Analysis(keys, None)
    parts = [set(key) for key in keys.keys]
    plain = [one for one in offending if one.right[0] not in keys.prime]
    partial = [one for one in plain if any(set(one.left) < part for part in parts)]
    transitive = [one for one in plain if one not in partial]
    prime = [one for one in offending if one not in plain]
    partial = partial or list(_partial(cover, keys))
    form: Form = "1NF" if partial else "2NF" if transitive else "3NF"
    return Analysis(keys, form, _grouped(partial), _grouped(transitive), _grouped(prime))


def synthesise(columns: Columns, dependencies: Iterable[Dependency]) -> Decomposition:
    """Tables in third normal form that keep every dependency and lose nothing.

    Bernstein, "Synthesizing third normal form relations from functional dependencies" (1976), with the
    key of Biskup, Dayal and Bernstein (1979) that makes the join lossless.
    """
    cover = _within(columns, dependencies)
    fragments = [
        Fragment(tuple(sorted({*one.left, *one.right})), one.left) for one in canonical_cover(cover)
    ]
    free = columns - {name for one in fragments for name in one.columns}
    keys = candidate_keys(columns, cover).keys
    if not any(set(key) <= set(one.columns) for key in keys for one in fragments):
        fragments.append(Fragment(keys[0], keys[0]))
    elif free:  # they are part of every key, so this does not happen; a table must not lose columns
        fragments.append(Fragment(tuple(sorted({*free, *keys[0]})), keys[0]))
    kept = _largest(fragments)
    return Decomposition(
        tuple(kept), _is_sound(columns, cover, kept), lost_dependencies(cover, kept)
    )


def decompose(columns: Columns, dependencies: Iterable[Dependency]) -> Decomposition:
    """Tables in Boyce-Codd normal form that lose no row; dependencies may get lost.

    Elmasri and Navathe, algorithm 15.5: split where a determinant is no key, until there is none.
    """
    cover = _within(columns, dependencies)
    waiting, exact = [frozenset(columns)], True
    done: list[frozenset[str]] = []
    while waiting:
        names = waiting.pop()
        sets = determinants(names, cover)
        if sets is None:
            exact = False
            found = _offending(names, [frozenset(one.left) for one in cover], cover)
        else:
            found = _offending(names, sets, cover)
        if found is None or len(waiting) + len(done) >= MOST_FRAGMENTS:
            exact = exact and found is None
            done.append(names)
        else:
            left, right = found
            waiting += [names - right, left | right]
    fragments = _largest(
        Fragment(tuple(sorted(names)), _key(names, cover)) for names in sorted(done, key=sorted)
    )
    return Decomposition(
        tuple(fragments),
        _is_sound(columns, cover, fragments),
        lost_dependencies(cover, fragments),
        exact,
    )


def is_lossless(
    columns: Columns, dependencies: Iterable[Dependency], fragments: Iterable[Fragment]
) -> bool:
    """Whether joining the fragments gives back the table (Aho, Beeri and Ullman's chase, 1979).

    The tableau has a row for each fragment; equal numbers are equal values, and 0 is the value of the
    row that the join would have to prove.
    """
    names, cover = sorted(columns), minimal_cover(dependencies)
    parts = [set(one.columns) for one in fragments]
    rows = [
        {name: 0 if name in part else number for name in names}
        for number, part in enumerate(parts, 1)
    ]
    changed = True
    while changed and not any(all(value == 0 for value in row.values()) for row in rows):
        changed = False
        for one in cover:
            changed = _equate(rows, one) or changed
    return any(all(value == 0 for value in row.values()) for row in rows)


def lost_dependencies(
    dependencies: Iterable[Dependency], fragments: Iterable[Fragment]
) -> tuple[Dependency, ...]:
    """Those that do not follow from what holds within the fragments (Beeri and Honeyman, 1981)."""
    given = tuple(dependencies)
    parts = [frozenset(one.columns) for one in fragments]
    return tuple(
        one
        for one in given
        if not any({*one.left, *one.right} <= part for part in parts)
        and not set(one.right) <= _closure_of_parts(frozenset(one.left), given, parts)
    )


def _is_sound(columns: Columns, cover: tuple[Dependency, ...], fragments: list[Fragment]) -> bool:
    """Whether a decomposition of ours is lossless.

    Both are by construction (a key with all dependencies kept; Heath's theorem for each split), so a
    tableau that takes too long need not be chased.
    """
    if len(fragments) * len(columns) > _MOST_CELLS:
        return True
    return is_lossless(columns, cover, fragments)


def _closure_of_parts(
    known: frozenset[str], given: tuple[Dependency, ...], parts: list[frozenset[str]]
) -> frozenset[str]:
    """What columns determine by dependencies that hold within one part each."""
    size = -1
    while size != len(known):
        size = len(known)
        for part in parts:
            known |= closure(known & part, given) & part
    return known


def _within(columns: Columns, dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """A minimal cover of the dependencies among the columns; others say nothing about the table."""
    return minimal_cover(
        Dependency.of(one.left, columns & set(one.right))
        for one in dependencies
        if set(one.left) <= columns
    )


def _partial(cover: tuple[Dependency, ...], keys: Keys) -> tuple[Dependency, ...]:
    """What depends on a part of a key and is itself part of none, through parts of other keys too."""
    found: list[Dependency] = []
    for key in keys.keys:
        for name in key:
            part = [other for other in key if other != name]
            found += [
                Dependency(reduced_left(part, (column,), cover), (column,))
                for column in sorted(closure(part, cover) - keys.prime)
            ]
    return tuple(found)


def _grouped(found: Iterable[Dependency]) -> tuple[Dependency, ...]:
    grouped: dict[tuple[str, ...], set[str]] = {}
    for one in found:
        grouped.setdefault(one.left, set()).update(one.right)
    return tuple(Dependency.of(left, right) for left, right in sorted(grouped.items()))


def _offending(
    names: frozenset[str], sets: Iterable[frozenset[str]], cover: tuple[Dependency, ...]
) -> tuple[frozenset[str], frozenset[str]] | None:
    """A determinant among some columns that is no key of them, and all that it determines there."""
    for left in sets:
        if left <= names:
            right = (closure(left, cover) & names) - left
            if right and left | right != names:
                return left, right
    return None


def _key(names: frozenset[str], cover: tuple[Dependency, ...]) -> tuple[str, ...]:
    """A smallest key of a fragment."""
    kept = sorted(names)
    for name in sorted(names, reverse=True):
        fewer = [other for other in kept if other != name]
        if names <= closure(fewer, cover):
            kept = fewer
    return tuple(kept)


def _largest(fragments: Iterable[Fragment]) -> list[Fragment]:
    """The fragments that are no part of another."""
    kept: list[Fragment] = []
    for one in sorted(fragments, key=lambda f: (-len(f.columns), f.columns, f.key)):
        if not any(set(one.columns) <= set(other.columns) for other in kept):
            kept.append(one)
    return kept


def _equate(rows: list[dict[str, int]], one: Dependency) -> bool:
    """Make the values equal that a dependency says are; whether anything changed."""
    groups: dict[tuple[int, ...], list[dict[str, int]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in one.left), []).append(row)
    changed = False
    for group in groups.values():
        for name in one.right:
            values = {row[name] for row in group}
            if len(values) > 1:
                least, changed = min(values), True
                for row in rows:
                    if row[name] in values:
                        row[name] = least
    return changed

"""The migrations of the workspace in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from backend_analyzers.fact import FileFact
from backend_analyzers.facts.migrations import Migration, Tool
from backend_analyzers.facts.paths import folder, is_test, natural
from backend_analyzers.facts.readers import migration_readers
from backend_analyzers.workspace import Workspace


class Line(msgspec.Struct, frozen=True):
    """The migrations that lead to one schema, in the order in which they are applied.

    Those that a squashed migration stands for are left out when it is there.  `heads` are the last
    ones of each branch; `missing` are the revisions that some follow and that nobody declares.
    """

    tool: Tool
    folder: str
    migrations: tuple[Migration, ...]
    heads: Mapping[str, tuple[Migration, ...]]
    missing: tuple[tuple[Migration, str], ...] = ()


def history(workspace: Workspace) -> tuple[Line, ...]:
    """Every line of migrations, by tool and folder."""
    by_line: dict[tuple[Tool, str], list[Migration]] = {}
    found = [one for one in _all(workspace) if not is_test(one.at.path)]
    of_branch = _lines(found)
    for migration in found:
        key = (migration.tool, of_branch[migration.tool, migration.branch])
        by_line.setdefault(key, []).append(migration)
    return tuple(_line(*key, some) for key, some in sorted(by_line.items()))


def _all(workspace: Workspace) -> Iterable[Migration]:
    for reader in migration_readers():
        if isinstance(reader, FileFact):
            for some in workspace.each(reader).values():
                yield from some
        else:
            yield from workspace.fact(reader)


def _lines(found: Iterable[Migration]) -> dict[tuple[Tool, str], str]:
    """The folder of the line of each branch.

    The apps of a Django project make one line: those that refer to each other, and those that lie
    below the same top folder.
    """
    lines: dict[tuple[Tool, str], str] = {}
    tops: dict[str, list[str]] = {}
    for migration in found:
        key = (migration.tool, migration.branch)
        lines.setdefault(key, folder(migration.at.path))
        if migration.tool == "django":
            tops.setdefault(migration.at.path.partition("/")[0], []).append(migration.at.path)
    for key in lines:
        if key[0] == "django":
            lines[key] = common_folder(tops[lines[key].partition("/")[0]])
    return lines


def common_folder(paths: Iterable[str]) -> str:
    """The deepest folder that holds all of some files."""
    common: list[str] | None = None
    for path in paths:
        parts = path.split("/")[:-1]
        if common is None:
            common = parts
            continue
        size = 0
        while size < min(len(common), len(parts)) and common[size] == parts[size]:
            size += 1
        common = common[:size]
    return "/".join(common or ())


def _line(tool: Tool, name: str, some: list[Migration]) -> Line:
    kept, stands = _without_squashed(some)
    by_name = {_key(migration): migration for migration in kept}
    followed: dict[str, list[str]] = {}
    missing: list[tuple[Migration, str]] = []
    heads: dict[str, dict[str, Migration]] = {}
    branches: dict[str, list[Migration]] = {}
    for migration in sorted(kept, key=_natural):
        branches.setdefault(migration.branch, []).append(migration)
    for migration, after in _edges(branches):
        found = followed.setdefault(_key(migration), [])
        if after is not None:
            named = after if ":" in after else f"{migration.branch}:{after}"
            named = stands.get(named, named)
            if named in by_name:
                found.append(named)
            elif named.rpartition(":")[0] in branches:
                missing.append((migration, after))
    followers = {
        name
        for key, names in followed.items()
        for name in names
        if by_name[key].branch == by_name[name].branch
    }
    for key, migration in by_name.items():
        if key not in followers:
            heads.setdefault(migration.branch, {})[key] = migration
    ordered = tuple(by_name[key] for key in _sorted(followed))
    last = {branch: tuple(found.values()) for branch, found in heads.items()}
    return Line(tool, name, ordered, last, tuple(missing))


def _without_squashed(some: list[Migration]) -> tuple[list[Migration], dict[str, str]]:
    """Without what is replaced; and which squashed migration stands for what."""
    stands = {
        f"{migration.branch}:{old.rpartition(':')[2]}": _key(migration)
        for migration in some
        for old in migration.replaces
    }
    return [
        one for one in some if _key(one) not in stands or stands[_key(one)] == _key(one)
    ], stands


def _edges(branches: Mapping[str, list[Migration]]) -> Iterator[tuple[Migration, str | None]]:
    """Each migration with each that it follows, and with None when it follows none.

    Where only names give the order, it is the one before it in its branch.
    """
    for some in branches.values():
        before: str | None = None
        for migration in some:
            if migration.after is None:
                yield migration, before
            elif not migration.after:
                yield migration, None
            for after in migration.after or ():
                yield migration, _named(after, migration, branches)
            before = migration.revision


def _named(after: str, migration: Migration, branches: Mapping[str, list[Migration]]) -> str | None:
    """Django's `__first__` and `__latest__` are the first and the last of an app."""
    branch, _, name = after.rpartition(":")
    if name not in {"__first__", "__latest__"}:
        return after
    known = branches.get(branch or migration.branch)
    return _key(known[0 if name == "__first__" else -1]) if known else None


def _sorted(followed: Mapping[str, list[str]]) -> list[str]:
    """Each after what it follows, else in the order given; what follows itself comes last."""
    done: dict[str, None] = {}
    open_: set[str] = set()
    for start in followed:
        stack = [(start, False)]
        while stack:
            key, is_left = stack.pop()
            if is_left:
                done[key] = None
            elif key not in done and key not in open_:
                open_.add(key)
                stack.append((key, True))
                stack += [(name, False) for name in reversed(followed[key])]
    return list(done)


def _key(migration: Migration) -> str:
    return f"{migration.branch}:{migration.revision}"


def _natural(migration: Migration) -> tuple[bool, tuple[tuple[int, int, str], ...], str]:
    """By number, Flyway's repeatable ones last; Prisma numbers the folders."""
    around, _, name = migration.at.path.rpartition("/")
    if migration.tool == "prisma":
        name = around.rpartition("/")[2]
    return (name.startswith("R__"), natural(name), migration.at.path)

"""Changelogs of Liquibase, in YAML, JSON and SQL: each change set is a migration.

A changelog that others include says their order.  Where an XML file does, which is not read, the
changelogs of a folder follow each other by their names.  The dialect is taken to be PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.ddl import ddl
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.liquibase_changes import (
    Changelog,
    ChangeSet,
    Include,
    change_set,
    entries,
    include,
    listed,
    matches_dialect,
    property_of,
)
from backend_analyzers.facts.migrations.sql_files import operations
from backend_analyzers.facts.paths import folder, is_test, natural
from backend_analyzers.source import File, Language, Place
from backend_analyzers.syntax import module
from backend_analyzers.syntax.yaml import values
from backend_analyzers.workspace import Workspace

_DEEPEST = 20


def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
    """The change sets of the workspace, each after the one before it."""
    logs = {
        path: log
        for path, log in workspace.each(changelog).items()
        if log is not None and not is_test(path)
    }
    if not logs:
        return ()
    paths = _Paths(logs, workspace.each(ddl))
    included = {
        one
        for path, log in logs.items()
        for item in log.items
        if isinstance(item, Include)
        for one in paths.included(path, item)
    }
    roots: dict[str, list[str]] = {}
    for path in sorted(logs, key=natural):
        if path not in included:
            leads = any(isinstance(item, Include) for item in logs[path].items)
            roots.setdefault(path if leads else folder(path), []).append(path)
    found: list[Migration] = []
    for branch, some in roots.items():
        sets = [one for path in some for one in _sets(path, logs, paths, 0)]
        found += _chained(branch, sets, workspace)
    return tuple(found)


class _Paths:
    """Finds the files that changelogs name."""

    def __init__(self, logs: Mapping[str, Changelog], others: Iterable[str]) -> None:
        self.logs = logs
        self.others = frozenset(others)

    def included(self, path: str, item: Include) -> list[str]:
        """The changelogs that an `include` or `includeAll` means, in order."""
        if not item.is_all:
            found = self.one(path, item.file, is_relative=item.is_relative)
            return [found] if found in self.logs else []
        wanted = _joined(folder(path), item.file) if item.is_relative else _bare(item.file)
        below = [one for one in self.logs if _is_below(one, wanted) and one != path]
        return sorted(below, key=natural)

    def one(self, path: str, name: str, *, is_relative: bool) -> str:
        """The file of a name, which counts from the changelog or from some root."""
        bare = _bare(name)
        near = _joined(folder(path), bare)
        if is_relative or near in self.others:
            return near
        if bare in self.others:
            return bare
        found = [one for one in self.others if one.endswith(f"/{bare}")]
        return found[0] if len(found) == 1 else ""


def _bare(name: str) -> str:
    return name.removeprefix("classpath:").strip("/")


def _is_below(path: str, wanted: str) -> bool:
    wanted = wanted.strip("/")
    return path.startswith(f"{wanted}/") or f"/{wanted}/" in path


def _joined(base: str, name: str) -> str:
    parts = base.split("/") if base else []
    for part in name.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _sets(
    path: str, logs: Mapping[str, Changelog], paths: _Paths, depth: int
) -> Iterator[tuple[str, ChangeSet]]:
    for item in logs[path].items:
        if isinstance(item, ChangeSet):
            yield path, item
        elif depth < _DEEPEST:
            for one in paths.included(path, item):
                yield from _sets(one, logs, paths, depth + 1)


def _chained(
    branch: str, sets: list[tuple[str, ChangeSet]], workspace: Workspace
) -> Iterator[Migration]:
    taken: set[str] = set()
    before: tuple[str, ...] = ()
    reverting = {path for path, one in sets if one.migration.reverts == "yes"}
    for path, one in sets:
        base = name = one.migration.revision
        repeats = 1
        while name in taken:
            repeats += 1
            name = f"{base}~{repeats}"
        taken.add(name)
        migration = replace(one.migration, branch=branch, revision=name, after=before)
        if migration.reverts == "unknown" and path in reverting:
            migration = replace(migration, reverts="no")
        yield _with_files(migration, path, one, workspace)
        before = (name,)


def _with_files(migration: Migration, path: str, one: ChangeSet, workspace: Workspace) -> Migration:
    """With what the SQL files that it names do."""
    if not one.files:
        return migration
    declared = workspace.each(ddl)
    paths = _Paths({}, declared)
    found: list[Operation] = []
    is_complete = migration.complete
    for place, operation in enumerate(migration.operations):
        named = next((file for at, file in one.files if at == place), None)
        if named is None:
            found.append(operation)
            continue
        target = paths.one(path, named.file, is_relative=named.is_relative)
        is_complete = is_complete and target in declared
        found += [
            Operation(Place(target, some.unit, 0, some.statements[-1].end), some.statements)
            for some in declared.get(target, ())
        ] or [operation]
    return replace(migration, operations=tuple(found), complete=is_complete)


# Files -----------------------------------------------------------------------------------------


@file_fact
def changelog(file: File) -> Changelog | None:
    """What a file says, if it is a changelog."""
    if file.language is Language.YAML and b"databaseChangeLog" in file.text:
        return _of_yaml(file)
    if file.language is Language.SQL and _FORMATTED.match(file.text):
        return Changelog(tuple(_of_sql(file)))
    return None


def _of_yaml(file: File) -> Changelog | None:
    items: list[tuple[str, ir.Expr]] = []
    read = values(file)
    for unit in module(file).units:
        value = read[unit.key]
        if unit.owner == "databaseChangeLog":
            items += [(unit.key, one) for one in listed(value)]
        elif not unit.owner:
            for key, _, inner in entries(value):
                if key == "databaseChangeLog":
                    items += [(unit.key, one) for one in listed(inner)]
    properties: dict[str, str] = {}
    found: list[ChangeSet | Include] = []
    for unit_key, item in items:
        for key, at, inner in entries(item):
            match key:
                case "property":
                    properties = {**property_of(inner), **properties}
                case "include" | "includeAll":
                    made = include(inner, is_all=key == "includeAll")
                    found += [made] if made is not None else []
                case "changeSet":
                    made_set = change_set(file, unit_key, at, inner, properties)
                    found += [made_set] if made_set is not None else []
                case _:
                    pass
    return Changelog(tuple(found)) if found else None


_FORMATTED = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*--[ \t]*liquibase[ \t]+formatted[ \t]+sql", re.IGNORECASE
)
_CHANGE_SET = re.compile(
    rb"""^[ \t]*--[ \t]*changeset[ \t]+(?P<author>"[^"\n]*"|[^\s:]+):(?P<id>"[^"\n]*"|\S+)(?P<rest>[^\n]*)""",
    re.MULTILINE | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(rb"""(\w+):("[^"\n]*"|\S+)""")
_ROLLBACK = re.compile(
    rb"^[ \t]*(?:--|/\*)[ \t]*(?:liquibase[ \t]+)?rollback\b", re.MULTILINE | re.IGNORECASE
)
_CONDITION = re.compile(rb"^[ \t]*--[ \t]*precondition-", re.MULTILINE | re.IGNORECASE)


def _of_sql(file: File) -> Iterator[ChangeSet]:
    heads = list(_CHANGE_SET.finditer(file.text))
    ends = [head.start() for head in heads[1:]] + [len(file.text)]
    for head, end in zip(heads, ends, strict=False):
        given = {
            name.lower(): value.strip(b'"').lower()
            for name, value in _ATTRIBUTE.findall(head["rest"])
        }
        if not matches_dialect(given.get(b"dbms", b"").decode(errors="replace")):
            continue
        found = operations(file, (head.end(), end))
        depends = _CONDITION.search(file.text, head.end(), end) is not None
        done = tuple(replace(one, depends=one.depends or depends) for one in found.ups)
        migration = Migration(
            tool="liquibase",
            at=Place(file.path, "", head.start("author"), head.end("id")),
            branch="",
            revision=_revision(head["id"].strip(b'"').decode(errors="replace")),
            operations=done,
            transaction=given.get(b"runintransaction") != b"false",
            reverts="yes" if _ROLLBACK.search(file.text, head.end(), end) else "unknown",
            complete=found.is_complete,
        )
        yield ChangeSet(migration)


def _revision(written: str) -> str:
    return written.replace(":", "_")

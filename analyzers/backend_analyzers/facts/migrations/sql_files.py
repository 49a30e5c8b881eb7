"""Migrations that are SQL files: plain folders, Flyway, golang-migrate, dbmate, goose, Prisma's.

A file that is numbered in a folder of migrations, or says so in a comment, is one; a dump or a query
is not.  Its down file, or down section, only says that there is a way back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.ddl import DOWN_FILE, ddl, is_down, turns_of
from backend_analyzers.facts.migrations import Migration, Operation, Tool
from backend_analyzers.facts.paths import is_test
from backend_analyzers.source import File, Language, Place
from backend_analyzers.sql.ddl import CreateIndex, DdlStatement, DropIndex
from backend_analyzers.syntax import module
from backend_analyzers.workspace import Workspace

LARGEST = 200_000
"""Bytes; a longer statement is data, and its text is not kept."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """A SQL file that may be a migration, or go back from one.

    `is_sure` says that the file needs no others like it to be taken for one.
    """

    migration: Migration
    is_sure: bool
    is_down: bool = False


def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
    """The migrations of all folders of SQL files, each with what its neighbours say of it."""
    folders: dict[str, list[Step]] = {}
    for path, step in workspace.each(step_of_sql).items():
        if step is not None and not is_test(path):
            folders.setdefault(step.migration.branch, []).append(step)
    return tuple(one for steps in folders.values() for one in _history(steps))


_FEWEST = 2
"""Numbered files in a folder of no particular name that make a history."""


def _history(steps: Iterable[Step]) -> Iterator[Migration]:
    """The migrations of one folder: those that go up, knowing whether others lead back."""
    up = [step for step in steps if not step.is_down]
    if not any(step.is_sure for step in up) and len({s.migration.revision for s in up}) < _FEWEST:
        return
    back = {step.migration.revision for step in steps if step.is_down}
    for step in up:
        reverts = step.migration.reverts
        if reverts == "unknown" and (back or step.migration.tool == "golang-migrate"):
            reverts = "yes" if step.migration.revision in back else "no"
        yield replace(step.migration, reverts=reverts)


@file_fact
def step_of_sql(file: File) -> Step | None:
    """What a SQL file is to a history of migrations, if it is anything."""
    if file.language is not Language.SQL:
        return None
    named = _named(file)
    if named is None:
        return None
    tool, branch, revision, is_sure = named
    name = file.path.rpartition("/")[2]
    goes_down = DOWN_FILE.search(name) is not None
    found = operations(file, (0, len(file.text)))
    statements = found.ups if not goes_down else ()
    is_step = bool(found.ups) if goes_down else is_sure or any(one.ddl for one in statements)
    if not is_step:
        return None
    migration = Migration(
        tool=tool,
        at=Place(file.path, "", 0, 0),
        branch=branch,
        revision=revision,
        operations=statements,
        transaction=_is_transaction(tool, file.text, statements, wrapped=found.wrapped),
        reverts=_reverts(tool, found, turns_of(file.text)),
        complete=found.is_complete,
    )
    return Step(migration, is_sure, goes_down)


def _reverts(
    tool: Tool, found: Found, turns: list[tuple[int, bool]]
) -> Literal["yes", "no", "unknown"]:
    if turns and (tool in _SECTIONS or any(down for _, down in turns)):
        return "yes" if found.downs else "no"
    return "unknown"


_SECTIONS = frozenset({"dbmate", "goose"})

# What runs in which transaction ----------------------------------------------------------------

_NO_TRANSACTION: Mapping[Tool, re.Pattern[bytes]] = {
    "dbmate": re.compile(
        rb"^[ \t]*--[ \t]*migrate:up\b[^\n]*\btransaction:false\b", re.MULTILINE | re.IGNORECASE
    ),
    "goose": re.compile(
        rb"^[ \t]*--[ \t]*\+goose[ \t]+NO[ \t]+TRANSACTION\b", re.MULTILINE | re.IGNORECASE
    ),
    "sql": re.compile(
        rb"^[ \t]*--[ \t]*\+migrate[ \t]+Up\b[^\n]*\bnotransaction\b", re.MULTILINE | re.IGNORECASE
    ),
}
_ONE_BY_ONE = frozenset({"golang-migrate", "prisma"})
"""Tools that send the whole file as one command: PostgreSQL takes several statements as one transaction."""
_SQL_MIGRATE = re.compile(rb"^[ \t]*--[ \t]*\+migrate[ \t]+Up\b", re.MULTILINE | re.IGNORECASE)


def _is_transaction(
    tool: Tool, text: bytes, operations: tuple[Operation, ...], *, wrapped: bool
) -> bool:
    if tool in _ONE_BY_ONE:
        return wrapped or len(operations) > 1
    if tool == "flyway":
        # It looks for what cannot run in a transaction, and then begins none.
        return not operations or not all(_is_concurrent(one) for one in operations)
    off = _NO_TRANSACTION.get(tool)
    if tool == "sql" and not _SQL_MIGRATE.search(text):
        return wrapped  # who runs it is not known
    return off is None or not off.search(text)


def _is_concurrent(operation: Operation) -> bool:
    actions = [action for statement in operation.ddl for action in statement.actions]
    return bool(actions) and all(
        isinstance(action, CreateIndex | DropIndex) and action.concurrently for action in actions
    )


# What a file does ------------------------------------------------------------------------------


class Found(msgspec.Struct, frozen=True, gc=False):
    """The statements of a range of a file.  `wrapped` says that it begins and commits a transaction itself."""

    ups: tuple[Operation, ...]
    downs: int
    wrapped: bool
    is_complete: bool


def operations(file: File, within: tuple[int, int]) -> Found:
    """The operations in a range of a SQL file, without what only goes back and what begins and ends."""
    declared = {one.unit: one.statements for one in ddl(file)}
    turns = turns_of(file.text)
    lowered = module(file)
    ups: list[Operation] = []
    downs, edges, outside, is_complete = 0, 0, False, True
    for unit, start in zip(lowered.units, lowered.offsets, strict=True):
        if not within[0] <= start < within[1]:
            continue
        if is_down(turns, start):
            downs += 1
            continue
        text = file.text[start : start + unit.node.end]
        if _EDGE.match(text):
            edges += 1
            continue
        outside = outside or edges % 2 == 0
        is_complete = is_complete and len(text) <= LARGEST
        ups.append(_operation(file, unit, text, declared.get(unit.key, ())))
    return Found(tuple(ups), downs, edges > 1 and not outside, is_complete)


_EDGE = re.compile(rb"(?:BEGIN|START\s+TRANSACTION|COMMIT|END)\b[\w\s]*\Z", re.IGNORECASE)


def _operation(
    file: File, unit: ir.Unit, text: bytes, statements: tuple[DdlStatement, ...]
) -> Operation:
    at = Place(file.path, unit.key, 0, len(text))
    if len(text) > LARGEST:
        return Operation(at, statements, runs="ddl" if statements else "sql")
    sql = text.decode(errors="replace")
    return Operation(
        at,
        statements,
        sql,
        runs="ddl" if statements else "sql",
        concurrent=any(
            isinstance(action, CreateIndex | DropIndex) and action.concurrently
            for statement in statements
            for action in statement.actions
        ),
    )


# Which files are migrations --------------------------------------------------------------------

_Named = tuple[Tool, str, str, bool]
"""(tool, branch, revision, whether the file is surely a migration)."""

_DBMATE = re.compile(rb"^[ \t]*--[ \t]*migrate:up\b", re.MULTILINE)
_GOOSE = re.compile(rb"^[ \t]*--[ \t]*\+goose[ \t]+(?:Up|Down)\b", re.MULTILINE | re.IGNORECASE)
_FLYWAY = re.compile(r"(?P<kind>[VUB])(?P<version>\d+(?:[._]\d+)*)__(?P<text>\w.*)\.sql\Z")
_REPEATED = re.compile(r"R__(?P<text>\w.*)\.sql\Z")
_PAIRED = re.compile(r"(?P<version>\d+)_(?P<text>.*)\.(?:up|down)\.sql\Z", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?P<version>[vV]?\d+(?:[._-]\d+)*)(?:[._-](?P<text>.*?))?(?:[._-](?:up|down))?\.sql\Z",
    re.IGNORECASE,
)
_PRISMA = re.compile(
    r"(?:\A|.*/)(?P<branch>(?:.*/)?migrations)/(?P<revision>\d+_[^/]*)/migration\.sql\Z"
)
_EACH = re.compile(
    r"(?P<branch>.*?)(?P<revision>[^/]*\d[^/]*)/(?:up|down|migration)\.sql\Z", re.IGNORECASE
)
_STEPS = frozenset(
    {
        *(
            "migrations",
            "migration",
            "migrate",
            "migrates",
            "deltas",
            "delta",
            "updates",
            "upgrades",
        ),
        *("upgrade", "update", "patches", "drizzle", "evolutions", "versions", "sql-migrations"),
        *("db_migrations", "db-migrations", "schema_migrations", "changesets", "changelog"),
    }
)


def _named(file: File) -> _Named | None:
    """Which migration a file is, by its name and its marks."""
    folder, _, name = file.path.rpartition("/")
    stem = name[: -len(".sql")]
    if _LIQUIBASE.match(file.text):
        return None
    text = file.text
    if b"--" in text:
        if _DBMATE.search(text):
            return "dbmate", folder, _version(stem), True
        if _GOOSE.search(text):
            return "goose", folder, _version(stem), True
        if _SQL_MIGRATE.search(text):
            return "sql", folder, stem, True
    if found := _FLYWAY.match(name):
        revision = found["version"].replace("_", ".")
        return "flyway", folder, revision, True
    if found := _REPEATED.match(name):
        return "flyway", folder, f"R__{found['text']}", True
    if found := _PRISMA.match(file.path):
        branch = file.path[: file.path.rindex(f"/{found['revision']}/")]
        return "prisma", branch, found["revision"], True
    return _numbered(file.path, folder, name)


_LIQUIBASE = re.compile(rb"\s*--[ \t]*liquibase[ \t]+formatted[ \t]+sql", re.IGNORECASE)


def _numbered(path: str, folder: str, name: str) -> _Named | None:
    if found := _PAIRED.match(name):
        return "golang-migrate", folder, found["version"], True
    is_steps = any(part.lower() in _STEPS for part in folder.split("/"))
    if found := _EACH.match(path):
        branch = found["branch"].rstrip("/")
        return ("sql", branch, found["revision"], True) if is_steps else None
    if found := _NUMBERED.match(name):
        revision = re.sub(r"[._-](?:up|down)\Z", "", name[: -len(".sql")], flags=re.IGNORECASE)
        return "sql", folder, revision, is_steps
    return None


def _version(stem: str) -> str:
    """dbmate and goose know a migration by the number that its name begins with."""
    found = re.match(r"\d+", stem)
    return found[0] if found else stem

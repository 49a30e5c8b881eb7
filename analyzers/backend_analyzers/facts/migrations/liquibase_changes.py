"""The change sets of Liquibase's YAML: what each change does to the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.javascript_files import placed_ddl
from backend_analyzers.facts.migrations.liquibase_columns import Change, made_of
from backend_analyzers.libraries.liquibase_words import NOTHING, REVERSIBLE, ROWS
from backend_analyzers.source import File, Place
from backend_analyzers.sql.ddl import DdlStatement


class Include(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Another changelog, or with `is_all` those of a folder."""

    file: str
    is_relative: bool = False
    is_all: bool = False


class ChangeSet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A migration, and the SQL files that some of its operations (by number) run."""

    migration: Migration
    files: tuple[tuple[int, Include], ...] = ()


class Changelog(msgspec.Struct, frozen=True, gc=False):
    """The change sets of a file and what it includes, in order."""

    items: tuple[ChangeSet | Include, ...]


# YAML ------------------------------------------------------------------------------------------


def entries(value: ir.Expr) -> Iterator[tuple[str, ir.Expr, ir.Expr]]:
    """The keys of a mapping, where they stand, and their values."""
    if isinstance(value, ir.Collection) and value.kind == "mapping":
        for entry in value.entries:
            if isinstance(entry.key, ir.Text) and entry.key.constant is not None:
                yield entry.key.constant, entry.key, entry.value


def listed(value: ir.Expr) -> Iterator[ir.Expr]:
    """The items of a list."""
    if isinstance(value, ir.Collection) and value.kind == "list":
        for entry in value.entries:
            yield entry.value


def said(value: ir.Expr | None, properties: Mapping[str, str] | None = None) -> str:
    """A scalar as a text, with the properties of the changelog put in."""
    if isinstance(value, ir.Text):
        text = value.constant or ""
        for name, meaning in (properties or {}).items():
            text = text.replace(f"${{{name}}}", meaning)
        return text
    if isinstance(value, ir.Constant):
        if isinstance(value.value, bool):
            return "true" if value.value else "false"
        return "" if value.value is None else str(value.value)
    return ""


def matches_dialect(dbms: str) -> bool:
    """Whether what is for some databases is for PostgreSQL."""
    names = [name.strip().lower() for name in dbms.split(",") if name.strip()]
    if not names or "all" in names:
        return True
    if "none" in names or "!postgresql" in names:
        return False
    return "postgresql" in names or all(name.startswith("!") for name in names)


def property_of(value: ir.Expr) -> dict[str, str]:
    """The property that a changelog sets for this database."""
    held = {key: said(one) for key, _, one in entries(value)}
    if not held.get("name") or not matches_dialect(held.get("dbms", "")):
        return {}
    return {held["name"]: held.get("value", "")}


def include(value: ir.Expr, *, is_all: bool = False) -> Include | None:
    """What `include`, `includeAll` or `sqlFile` names."""
    held = {key: said(one) for key, _, one in entries(value)}
    file = held.get("file") or held.get("path")
    if not file:
        return None
    return Include(file, held.get("relativeToChangelogFile") == "true", is_all)


# Change sets -----------------------------------------------------------------------------------


def change_set(
    file: File, unit: str, at: ir.Expr, value: ir.Expr, properties: Mapping[str, str]
) -> ChangeSet | None:
    """A change set; None when it is for other databases."""
    held = {key: one for key, _, one in entries(value)}
    if not matches_dialect(said(held.get("dbms"))):
        return None
    reader = _Reader(file, unit, properties, depends="preConditions" in held)
    words = []
    for change in listed(held.get("changes", at)):
        for word, key, body in entries(change):
            words.append(word)
            reader.read(word, key, body)
    named = held.get("id")
    place = named if named is not None else at
    revision = file.source(*reader.range(place)).strip("\"'") or said(named)
    migration = Migration(
        tool="liquibase",
        at=reader.place(place),
        branch="",
        revision=revision.replace(":", "_"),
        operations=tuple(reader.found),
        transaction=said(held.get("runInTransaction")) != "false",
        reverts=_reverts(words, has_rollback="rollback" in held),
        complete=reader.is_complete,
    )
    return ChangeSet(migration, tuple(reader.files))


def _reverts(words: list[str], *, has_rollback: bool) -> Literal["yes", "no", "unknown"]:
    if has_rollback or (words and set(words) <= REVERSIBLE):
        return "yes"
    return "no" if words else "unknown"


class _Reader:
    """Reads the changes of one change set."""

    def __init__(
        self, file: File, unit: str, properties: Mapping[str, str], *, depends: bool
    ) -> None:
        self.file = file
        self.unit = unit
        self.properties = properties
        self.depends = depends
        self.found: list[Operation] = []
        self.files: list[tuple[int, Include]] = []
        self.is_complete = True

    def place(self, node: ir.Node) -> Place:
        return Place(self.file.path, self.unit, node.start, node.end)

    def range(self, node: ir.Node) -> tuple[int, int]:
        """Where a node of the unit is in the file."""
        from backend_analyzers.fact import offsets  # noqa: PLC0415

        start = offsets(self.file).get(self.unit, 0)
        return start + node.start, start + node.end

    def read(self, word: str, key: ir.Expr, body: ir.Expr) -> None:
        """Read one change."""
        reader = _WORDS.get(word)
        if reader is not None:
            reader(self, key, body)
        elif word in ROWS:
            self._add(key, runs="sql")
        elif word not in NOTHING:
            change = Change(word, (key.start, max(key.end, body.end)), self._plain(body))
            actions = made_of(change)
            if actions is None:
                self.is_complete = False
                self._add(key, runs="code")
            elif actions:
                self._add_ddl(key, body, actions)

    def _plain(self, value: ir.Expr) -> object:
        """A value as dictionaries, lists and texts."""
        if isinstance(value, ir.Collection) and value.kind == "mapping":
            return {key: self._plain(one) for key, _, one in entries(value)}
        if isinstance(value, ir.Collection):
            return [self._plain(one) for one in listed(value)]
        return said(value, self.properties)

    def _add(self, key: ir.Node, *, runs: Literal["sql", "code"]) -> None:
        self.found.append(Operation(self.place(key), runs=runs, depends=self.depends))

    def _add_ddl(self, key: ir.Expr, body: ir.Expr, actions: tuple[object, ...]) -> None:
        start, end = key.start, max(key.end, body.end)
        statements = tuple(
            DdlStatement("postgresql", start, end, (action,))  # type: ignore[arg-type]
            for action in actions
        )
        at = Place(self.file.path, self.unit, start, end)
        self.found.append(Operation(at, statements, depends=self.depends))

    def sql(self, key: ir.Expr, body: ir.Expr) -> None:
        """`sql: {sql: …, dbms: …}`, or just the text."""
        held = {name: one for name, _, one in entries(body)}
        if not matches_dialect(said(held.get("dbms"))):
            return
        text = held.get("sql", body)
        if not isinstance(text, ir.Text):
            self.is_complete = False
            self._add(key, runs="code")
            return
        sql = said(text, self.properties)
        statements = placed_ddl(text.parts, text.end, sql, (text.start, text.end), "postgresql")
        self.found.append(
            Operation(
                self.place(text),
                statements,
                sql,
                runs="ddl" if statements else "sql",
                concurrent="CONCURRENTLY" in sql.upper(),
                depends=self.depends,
            )
        )

    def sql_file(self, key: ir.Expr, body: ir.Expr) -> None:
        """`sqlFile: {path: …}`, whose text is in another file."""
        held = {name: one for name, _, one in entries(body)}
        named = include(body)
        if not matches_dialect(said(held.get("dbms"))):
            return
        if named is None:
            self.is_complete = False
        else:
            self.files.append((len(self.found), named))
        self._add(key, runs="code")


_WORDS: Mapping[str, Callable[[_Reader, ir.Expr, ir.Expr], None]] = {
    "sql": _Reader.sql,
    "sqlFile": _Reader.sql_file,
}

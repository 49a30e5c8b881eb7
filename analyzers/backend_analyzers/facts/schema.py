"""The database schema at head, from the SQL files of the workspace.

Files that belong together (a folder of migrations, a dump) make one schema.  A workspace may have
several: services with a database each, or a dump beside the migrations that made it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers.facts.ddl import Declared, OtherTables, ddl, other_tables
from backend_analyzers.facts.paths import folder, is_test, natural
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    CreateIndex,
    CreateTable,
    DropColumn,
    RenameTable,
)
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.schema import Schema, Table, find_table, table_key
from backend_analyzers.workspace import Workspace

_ONE_EACH = frozenset({"up.sql", "migration.sql"})


class Home(msgspec.Struct, frozen=True):
    """One schema: the folder it comes from, its files in the order they are applied, and the result.

    `kind` says what declares it: SQL files, migrations of a tool, or the models of a mapper.
    """

    folder: str
    files: tuple[str, ...]
    schema: Schema
    kind: Literal["sql", "migrations", "models"] = "sql"


class Database(msgspec.Struct, frozen=True):
    """All schemas of the workspace, and the tables that are declared some other way.

    With `open` there may be tables whose names nothing here says.  `past` are the folders of schemas
    that lead up to another one: a project may keep the steps beside a file that says the result.
    `changed` are the tables, and the indexes, that DDL in code makes or changes, `added` the columns
    that it gives them, and `mapped` those that may have other columns besides, as an ORM maps them.
    """

    homes: tuple[Home, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    open: bool = False
    changed: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    added: Mapping[str, frozenset[str]] = {}
    past: frozenset[str] = frozenset()

    def tables(self, name: str, namespace: str | None = None) -> tuple[tuple[Home, Table], ...]:
        """Every table that a name may mean, with the schema that has it."""
        found = ((home, find_table(home.schema, name, namespace)) for home in self.homes)
        return tuple((home, table) for home, table in found if table is not None)

    @property
    def current(self) -> tuple[Home, ...]:
        """The schemas without those that only lead up to another."""
        return tuple(home for home in self.homes if home.folder not in self.past)

    def all_tables(self) -> Iterator[Table]:
        """Every table of every schema."""
        for home in self.homes:
            yield from home.schema.tables.values()


def database(workspace: Workspace) -> Database:
    """The schemas of the workspace at head."""
    declared = {path: found for path, found in workspace.each(ddl).items() if found}
    homes: dict[str, list[str]] = {}
    tests: list[str] = []
    for path in declared:
        if is_test(path):
            tests.append(path)
        else:
            homes.setdefault(_home(path), []).append(path)
    everywhere = workspace.each(other_tables)
    others = [other for path, other in everywhere.items() if not is_test(path)]
    names: set[str] = set().union(*(other.names for other in everywhere.values()))
    for path in tests:
        schema = _applied(Schema(), path, declared[path])
        names |= {table.name.lower() for table in schema.tables.values()}
    made = tuple(
        _made(name, sorted(paths, key=_order), declared) for name, paths in sorted(homes.items())
    )
    passing = {t.name.lower() for h in made for t in h.schema.tables.values() if t.temporary}
    mixed = [home for home in made if _has_steps_in_code(home, everywhere)]
    lasting = tuple(_lasting(home) for home in made)
    return Database(
        homes=lasting,
        past=_past(lasting),
        elsewhere=frozenset(names | passing),
        changed=frozenset().union(*(other.changed for other in others)),
        mapped=frozenset().union(*(other.mapped for other in others), _names(mixed)),
        added=_added(others),
        open=any(other.open for other in others)
        or bool(mixed)
        or any(not home.schema.complete for home in made),
    )


def _has_steps_in_code(home: Home, paths: Iterable[str]) -> bool:
    """Whether some of its migrations are programs, which may do to the schema what nobody can read."""
    return any(
        path.startswith(f"{home.folder}/") and not path.endswith(".sql") and _is_numbered(path)
        for path in paths
    )


def _names(homes: Iterable[Home]) -> frozenset[str]:
    return frozenset(table.name.lower() for h in homes for table in h.schema.tables.values())


def _added(others: Iterable[OtherTables]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for other in others:
        for table, columns in other.columns.items():
            found[table] = found.get(table, frozenset()) | columns
    return found


def place_of(origin: str, start: int, end: int) -> Place:
    """Where in the workspace something of a schema was declared."""
    path, _, unit = origin.partition("\0")
    return Place(path, unit, start, end)


def _home(path: str) -> str:
    """The folder that names the schema of a file: that of all its steps, where each has a folder."""
    parts = folder(path).split("/")
    for number, part in enumerate(parts):
        if part.lower() in {"migrations", "migration", "migrate"}:
            return "/".join(parts[: number + 1])
    if path.rpartition("/")[2].lower() in _ONE_EACH and len(parts) > 1:
        return "/".join(parts[:-1])
    while len(parts) > 1 and _NUMBERED.match(parts[-1]):
        parts.pop()
    return "/".join(parts)


_NUMBERED = re.compile(r"v?\d[\d._-]*\Z", re.IGNORECASE)


def _order(path: str) -> tuple[bool, tuple[tuple[int, int, str], ...]]:
    """Repeatable migrations come last, the others in natural order."""
    name = path.rpartition("/")[2]
    return (name.startswith("R__"), natural(path))


def _made(name: str, paths: list[str], declared: Mapping[str, tuple[Declared, ...]]) -> Home:
    """Apply the files in order, but none before those that create what it changes.

    Migrations are named in their order; files such as `indexes.sql` and `tables.sql` are not.
    """
    schema = Schema()
    creates = {path: _creates(declared[path]) for path in paths}
    changes = {path: _changes(declared[path]) - creates[path] for path in paths}
    coming = Counter(key for made in creates.values() for key in made)
    waiting, ordered = list(paths), []
    while waiting:
        path = waiting[0]
        for candidate in waiting:
            if _is_numbered(candidate) or all(
                not coming[key] or key in schema.tables for key in changes[candidate]
            ):
                path = candidate
                break
        waiting.remove(path)
        ordered.append(path)
        coming.subtract(creates[path])
        schema = _applied(schema, path, declared[path])
    return Home(name, tuple(ordered), schema)


def _lasting(home: Home) -> Home:
    """Without the temporary tables: they are not there for anyone else."""
    tables = {key: table for key, table in home.schema.tables.items() if not table.temporary}
    return replace(home, schema=replace(home.schema, tables=tables))


def _past(homes: tuple[Home, ...]) -> frozenset[str]:
    """The schemas most of whose tables one in a folder above, or beside, declares as well.

    The steps of an upgrade lie below the file that says the result, or beside it in a folder of
    migrations; the result has all that they made and that is still there.
    """
    found = set()
    for home in homes:
        made = {key for key, table in home.schema.tables.items() if table.columns}
        for other in homes:
            if other is not home and _is_above(other.folder, home.folder):
                kept = {key for key, table in other.schema.tables.items() if table.columns}
                if made and len(made & kept) * 2 > len(made):
                    found.add(home.folder)
    return frozenset(found)


def _is_above(one: str, other: str) -> bool:
    if not one or other.startswith(f"{one}/"):
        return True
    return folder(one) == folder(other) and _STEPS.search(other.rpartition("/")[2]) is not None


_STEPS = re.compile(r"change|update|upgrade|patch|delta|migrat", re.IGNORECASE)


def _is_numbered(path: str) -> bool:
    """Whether its name, or its folder's, says when a file is applied."""
    return any(_DATED.match(part) for part in path.split("/")[-2:])


_DATED = re.compile(r"[VvRU]?\d")


def _creates(declared: tuple[Declared, ...]) -> set[str]:
    actions = [a for one in declared for s in one.statements for a in s.actions]
    made = {table_key(a.table.schema, a.table.name) for a in actions if isinstance(a, CreateTable)}
    return made | {table_key(a.table.schema, a.name) for a in actions if isinstance(a, RenameTable)}


def _changes(declared: tuple[Declared, ...]) -> set[str]:
    return {
        table_key(action.table.schema, action.table.name)
        for one in declared
        for statement in one.statements
        for action in statement.actions
        if isinstance(action, AddColumn | AddConstraint | AlterColumn | CreateIndex | DropColumn)
    }


def _applied(schema: Schema, path: str, declared: tuple[Declared, ...]) -> Schema:
    for one in declared:
        schema = apply(schema, one.statements, f"{path}\0{one.unit}")
    return schema

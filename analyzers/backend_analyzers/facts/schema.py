"""The database schema at head: from SQL files, from migrations in code, and from models.

A workspace may have several: services with a database each, a dump beside the migrations that made
it, models beside their migrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from backend_analyzers.facts.ddl import OtherTables, ddl, other_tables
from backend_analyzers.facts.homes import Home, covers, migration_homes, model_homes
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.sql_homes import applied, has_steps_in_code, lasting, past, sql_homes
from backend_analyzers.source import Place
from backend_analyzers.sql.schema import Schema, Table, find_table
from backend_analyzers.workspace import Workspace


class Database(msgspec.Struct, frozen=True):
    """All schemas of the workspace, and the tables that are declared some other way.

    With `open` there may be tables whose names nothing here says.  `past` are the schemas (by `key`)
    that another one stands for: a project may keep the steps beside a file that says the result, or
    models beside their migrations.
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
        """The schemas without those that another one stands for."""
        return tuple(home for home in self.homes if home.key not in self.past)

    def all_tables(self) -> Iterator[Table]:
        """Every table of every schema."""
        for home in self.homes:
            yield from home.schema.tables.values()


def database(workspace: Workspace) -> Database:
    """The schemas of the workspace at head."""
    declared = {path: found for path, found in workspace.each(ddl).items() if found}
    steps = (*workspace.fact(migration_homes), *workspace.fact(model_homes))
    read = workspace.fact(read_whole)
    made = sql_homes({path: found for path, found in declared.items() if not is_test(path)})
    passing = {t.name.lower() for h in made for t in h.schema.tables.values() if t.temporary}
    everywhere = {p: o for p, o in workspace.each(other_tables).items() if p not in read}
    others = [other for path, other in everywhere.items() if not is_test(path)]
    names: set[str] = set().union(*(other.names for other in everywhere.values()))
    for path, found in declared.items():
        if is_test(path):
            schema = applied(Schema(), path, found)
            names |= {table.name.lower() for table in schema.tables.values()}
    mixed = [home for home in made if has_steps_in_code(home, everywhere)]
    homes = (*(lasting(home) for home in made), *steps)
    return Database(
        homes=homes,
        past=frozenset((*past(homes[: len(made)]), *_behind(homes))),
        elsewhere=frozenset(names | passing),
        changed=frozenset().union(*(other.changed for other in others)),
        mapped=frozenset().union(*(other.mapped for other in others), _names(mixed)),
        added=_added(others),
        open=any(other.open for other in others)
        or bool(mixed)
        or any(not home.schema.complete for home in homes),
    )


def read_whole(workspace: Workspace) -> frozenset[str]:
    """The files of which all that they say of tables has been read, as models or migrations."""
    whole: dict[str, bool] = {}
    for model in workspace.fact(all_models).values():
        path = model.at.path
        whole[path] = whole.get(path, True) and model.known
    for line in workspace.fact(history):
        for migration in line.migrations:
            path = migration.at.path
            whole[path] = whole.get(path, True) and migration.complete
    return frozenset(path for path, is_whole in whole.items() if is_whole)


def _behind(homes: tuple[Home, ...]) -> Iterator[str]:
    """The schemas that another one says better: SQL, then models, then migrations in code.

    A person who writes SQL works there, and one who has models works in those.
    """
    ranks = {"sql": 0, "models": 1, "migrations": 2}
    for home in homes:
        for other in homes:
            if ranks[other.kind] < ranks[home.kind] and covers(other, home):
                yield home.key


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

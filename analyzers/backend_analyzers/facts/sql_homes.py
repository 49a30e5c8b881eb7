"""The schemas that SQL files declare.

Files that belong together (a folder of migrations, a dump) make one schema.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from backend_analyzers.facts.ddl import Declared
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.paths import folder, natural
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
from backend_analyzers.sql.schema import Schema, table_key

_ONE_EACH = frozenset({"up.sql", "migration.sql"})


def sql_homes(declared: Mapping[str, tuple[Declared, ...]]) -> tuple[Home, ...]:
    """The schema of each folder, temporary tables included."""
    homes: dict[str, list[str]] = {}
    for path in declared:
        homes.setdefault(_home(path), []).append(path)
    return tuple(
        _made(name, sorted(paths, key=_order), declared) for name, paths in sorted(homes.items())
    )


def has_steps_in_code(home: Home, paths: Iterable[str]) -> bool:
    """Whether some of its migrations are programs, which may do to the schema what nobody can read."""
    return any(
        path.startswith(f"{home.folder}/") and not path.endswith(".sql") and _is_numbered(path)
        for path in paths
    )


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
        schema = applied(schema, path, declared[path])
    return Home(name, tuple(ordered), schema)


def lasting(home: Home) -> Home:
    """Without the temporary tables: they are not there for anyone else."""
    tables = {key: table for key, table in home.schema.tables.items() if not table.temporary}
    return replace(home, schema=replace(home.schema, tables=tables))


def past(homes: tuple[Home, ...]) -> frozenset[str]:
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
                    found.add(home.key)
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


def applied(schema: Schema, path: str, declared: tuple[Declared, ...]) -> Schema:
    for one in declared:
        schema = apply(schema, one.statements, f"{path}\0{one.unit}")
    return schema

"""What the planner is given: the statements that make a schema, and which schema a query is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.ddl import ddl, is_down, turns_of
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.oracle import Script
from backend_analyzers.source import File, Language
from backend_analyzers.sql.parse import verb
from backend_analyzers.sql.render import schema_statements
from backend_analyzers.sql.schema import find_table
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.syntax import module
from backend_analyzers.workspace import Workspace

_DECLARING = frozenset({"create", "alter", "drop", "comment", "do", "set"})
_LONGEST = 100_000
"""Bytes; a longer statement declares no table."""


@file_fact
def statement_texts(file: File) -> tuple[str, ...]:
    """The statements of a SQL file that declare something, in order, without what undoes them."""
    if file.language is not Language.SQL or not ddl(file):
        return ()
    lowered = module(file)
    turns = turns_of(file.text)
    found = []
    for unit, start in zip(lowered.units, lowered.offsets, strict=True):
        text = file.text[start : start + min(unit.node.end, _LONGEST + 1)]
        if len(text) <= _LONGEST and verb(text, 0) in _DECLARING and not is_down(turns, start):
            found.append(text.decode(errors="replace"))
    return tuple(found)


def scripts(workspace: Workspace) -> Mapping[str, Script]:
    """The script of each schema, by the key of its home."""
    return {home.key: _script(workspace, home) for home in workspace.fact(database).homes}


def _script(workspace: Workspace, home: Home) -> Script:
    if home.kind != "sql":
        return Script(schema_statements(home.schema), dialect_of_home(home))
    texts: list[str] = []
    for path in home.files:
        found = workspace.one(path, statement_texts)
        texts += found or ()
    return Script(tuple(texts), dialect_of_home(home))


def dialect_of_home(home: Home) -> Dialect:
    """The dialect of most of its tables."""
    spoken = [table.dialect for table in home.schema.tables.values()]
    return max(set(spoken), key=spoken.count) if spoken else "postgresql"


def home_of(declared: Database, query: Query) -> Home | None:
    """The schema that a query is for: one that has all its tables, nearest by folder.

    Where several do, what makes the database is preferred to what describes it.
    """
    wanted = {
        (table.name, table.schema)
        for statement in query.statements
        for table in statement.tables
        if table.cte is None
    }
    if not wanted:
        return None
    able = [home for home in declared.homes if _has(home, wanted)]
    ranks = {"sql": 0, "migrations": 1, "models": 2}
    nearest = max((_shared(home.folder, query.at.path) for home in able), default=0)
    near = [home for home in able if _shared(home.folder, query.at.path) == nearest]
    return min(near, key=lambda home: (ranks[home.kind], home.folder), default=None)


def _has(home: Home, wanted: Iterable[tuple[str, str | None]]) -> bool:
    return all(find_table(home.schema, name, namespace) for name, namespace in wanted)


def _shared(folder: str, path: str) -> int:
    """How many leading folders a schema and a file have in common."""
    count = 0
    for one, other in zip(folder.split("/"), path.split("/")[:-1], strict=False):
        if one != other:
            break
        count += 1
    return count

"""Every statement of the workspace that reads or changes rows, resolved against its schemas.

A workspace may have several schemas, and a query may be meant for any that knows one of its tables.
So something is only missing when it is missing from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import TypeVar

import msgspec

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.paths import is_migration, is_test
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.sql.resolve import Resolution, resolve
from backend_analyzers.sql.schema import Schema, SchemaColumn, Table, find_column
from backend_analyzers.sql.statement import ColumnRef, Operand, Statement
from backend_analyzers.workspace import Workspace

_READING = frozenset({"select", "insert", "update", "delete", "merge"})
_VIEWS = frozenset({"view", "materialized view"})

T = TypeVar("T")


class Known(msgspec.Struct, frozen=True):
    """What a statement means in one schema."""

    schema: Schema
    resolution: Resolution


class Resolved(msgspec.Struct, frozen=True):
    """One statement of a query; `known` has an entry for each schema with one of its tables.

    `everywhere` has one for each schema at all.  `in_migration` says that the statement runs when
    the schema may be another than at head; a view that is there at head is not meant.
    """

    query: Query
    statement: Statement
    everywhere: tuple[Known, ...]
    in_migration: bool = False

    @property
    def known(self) -> tuple[Known, ...]:
        """The schemas that the statement may be meant for."""
        return tuple(
            one
            for one in self.everywhere
            if any(table.state == "table" for table in one.resolution.tables)
        )

    def columns(self, ref: ColumnRef) -> tuple[tuple[Table, SchemaColumn], ...]:
        """The stored column that a reference means in each schema; none when that is not sure in all."""
        number = next((n for n, c in enumerate(self.statement.columns) if c == ref), None)
        if number is None:
            return ()
        found: list[tuple[Table, SchemaColumn]] = []
        for one in self.known:
            state = one.resolution.columns[number]
            table = one.schema.tables.get(state.table) if state.table else None
            column = find_column(table, ref.name) if table is not None else None
            if table is None or column is None:
                return ()
            found.append((table, column))
        return tuple(found)

    def source(self, start: int, end: int) -> str:
        """A part of the text."""
        return self.query.source(start, end)

    def text_of(self, operand: Operand) -> str:
        """How an operand is written."""
        return self.query.source(operand.start, operand.end)


def resolved(workspace: Workspace) -> Mapping[str, tuple[Resolved, ...]]:
    """The statements of every file that has any, tests apart."""
    asked = {
        path: found
        for path, found in workspace.fact(all_queries).items()
        if found and not is_test(path)
    }
    return workspace.by_path(_of_file, asked, workspace.fact(database))


Check = Callable[[tuple[Resolved, ...], Database], Iterator[T]]


def findings_of(workspace: Workspace, check: Check[T]) -> Iterator[T]:
    """What a check finds in the statements of one file, for every file."""
    statements, declared = workspace.fact(resolved), workspace.fact(database)
    found = workspace.by_path(_of_path(check), statements, declared)
    return chain.from_iterable(found.values())


@cache
def _of_path(
    check: Check[T],
) -> Callable[[str, tuple[Resolved, ...], Database], tuple[T, ...]]:
    """The check as `by_path` wants it; the same one for the same check."""
    return lambda _path, statements, declared: tuple(check(statements, declared))


def fits(query: Query, text: str) -> bool:
    """Whether a text may be put into the host's literal: it holds nothing that means more there.

    Quotes are for the proof of the fix to judge: one that ends the literal does not parse.
    """
    return not query.in_code or not set(text) & set("\\{}%\n")


def _of_file(path: str, found: tuple[Query, ...], declared: Database) -> tuple[Resolved, ...]:
    schemas = [home.schema for home in declared.homes if home.schema.tables]
    passed = is_migration(path) or any(home.leads_up(path) for home in declared.homes)
    views = {t.origin for t in declared.all_tables() if t.kind in _VIEWS} if passed else set()
    return tuple(
        Resolved(
            query,
            statement,
            tuple(Known(schema, resolve(statement, schema)) for schema in schemas),
            passed and f"{path}\0{query.at.unit}" not in views,
        )
        for query in found
        for statement in query.statements
        if statement.tables and (statement.kind in _READING or _makes_view(query, statement))
    )


def _makes_view(query: Query, statement: Statement) -> bool:
    if query.in_code or not statement.scopes:
        return False
    words = query.source(statement.start, statement.start + 120).lower().split()[:6]
    return words[:1] == ["create"] and "view" in words

"""The normal form of every table, from its keys and from all that says which columns depend on which.

Declared keys and unique constraints are certain; comments (`fd: a -> b`) are somebody's word; names
and a sample of the data are evidence.  Whoever shows a form says what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.remarks import Remark, remarks
from backend_analyzers.facts.schema import database
from backend_analyzers.sql.decomposed import as_ddl
from backend_analyzers.sql.dependencies import Dependency, Keys
from backend_analyzers.sql.named_dependencies import named_dependencies, rows_of
from backend_analyzers.sql.normal_forms import (
    Analysis,
    Decomposition,
    analyse,
    decompose,
    synthesise,
)
from backend_analyzers.sql.schema import Schema, Table, find_column
from backend_analyzers.workspace import Profiled, Workspace

Source = Literal["key", "unique", "comment", "data", "name"]
"""What says that a dependency holds, surest first."""

_SOURCES: tuple[Source, ...] = ("key", "unique", "comment", "data", "name")


class KnownDependency(msgspec.Struct, frozen=True, gc=False):
    """A dependency, what says so, and in words what that rests on (`customers.name`, `100,000 rows`)."""

    dependency: Dependency
    source: Source
    note: str = ""


class TableForm(msgspec.Struct, frozen=True, gc=False):
    """What is known of the design of one table.

    `dependencies` are those besides the keys.  With `denormalised` a comment says that what is repeated
    is repeated on purpose.  `decomposition` and `ddl` say how the table could be taken apart, when that
    brings it into a better form.
    """

    home: str
    """The key of its schema (`Home.key`)."""
    table: str
    """Its key in that schema (`Table.key`)."""
    analysis: Analysis
    dependencies: tuple[KnownDependency, ...] = ()
    denormalised: bool = False
    decomposition: Decomposition | None = None
    ddl: str = ""

    @property
    def rests_on(self) -> Source:
        """The least sure of what the form follows from."""
        known = [one.source for one in self.dependencies]
        return max(known, key=_SOURCES.index, default="key")

    def behind(self, violation: Dependency) -> tuple[KnownDependency, ...]:
        """The known dependencies that a violation follows from, by its columns."""
        given = set(violation.right)
        return tuple(one for one in self.dependencies if given & set(one.dependency.right))


def table_forms(workspace: Workspace) -> Mapping[tuple[str, str], TableForm]:
    """The form of each table that has a key, by (key of its schema, its own key)."""
    declared = workspace.fact(database)
    said: dict[tuple[str, str], list[Remark]] = {}
    told: dict[str, list[Remark]] = {}
    for path, found in workspace.each(remarks).items():
        for one in found:
            said.setdefault((path, one.unit), []).append(one)
            if one.table:
                told.setdefault(one.table, []).append(one)
    profiled = workspace.option("profiled")
    forms = {}
    for home in declared.homes:
        starts, rows = _starts(home.schema), rows_of(home.schema)
        for table in home.schema.tables.values():
            if table.kind == "table" and table.columns:
                own = _own(table, starts, said, told)
                data = [one for one in profiled if one.table == table.key]
                forms[home.key, table.key] = _form(
                    home, table, tuple(_known(table, home.schema, rows, own, data)), own
                )
    return forms


def form_of(
    forms: Mapping[tuple[str, str], TableForm], home: Home, table: Table
) -> TableForm | None:
    """The form of one table."""
    return forms.get((home.key, table.key))


def _starts(schema: Schema) -> dict[str, list[int]]:
    """Where the tables of each unit begin, in order."""
    found: dict[str, list[int]] = {}
    for table in schema.tables.values():
        found.setdefault(table.origin, []).append(table.start)
    return {origin: sorted(starts) for origin, starts in found.items()}


def _own(
    table: Table,
    starts: Mapping[str, list[int]],
    said: Mapping[tuple[str, str], list[Remark]],
    told: Mapping[str, list[Remark]],
) -> list[Remark]:
    """The remarks about one table: of several in one unit, that which each stands in or above."""
    path, _, unit = table.origin.partition("\0")
    found = [one for one in told.get(table.name, ()) if one.table == table.name]
    others = starts.get(table.origin, [])
    for one in said.get((path, unit), ()):
        if one.table:
            continue
        inside = table.start <= one.offset < table.end
        after = min((start for start in others if start > one.offset), default=None)
        if len(others) <= 1 or inside or (after == table.start and not inside):
            found.append(one)
    return found


def _form(
    home: Home, table: Table, known: tuple[KnownDependency, ...], own: list[Remark]
) -> TableForm:
    names = frozenset(column.name for column in table.columns)
    keys = tuple(_keys(table, names))
    meant = any(one.dependency is None for one in own)
    if not known or not keys:
        found = tuple(sorted((one.dependency.left for one in keys), key=lambda k: (len(k), k)))
        form = Analysis(Keys(_smallest(found) or (tuple(sorted(names)),)), "BCNF")
        if not keys and known:
            form = analyse(names, [one.dependency for one in known])
        return TableForm(home.key, table.key, form, known, meant)
    given = [*(one.dependency for one in keys), *(one.dependency for one in known)]
    analysis = analyse(names, given)
    decomposition = None
    if analysis.violations:
        decomposition = decompose(names, given)
        if analysis.form != "3NF" and (decomposition.lost or not decomposition.exact):
            decomposition = synthesise(names, given)
    return TableForm(
        home=home.key,
        table=table.key,
        analysis=analysis,
        dependencies=known,
        denormalised=meant,
        decomposition=decomposition,
        ddl=as_ddl(table, home.schema, analysis.keys, decomposition) if decomposition else "",
    )


def _keys(table: Table, names: frozenset[str]) -> Iterator[KnownDependency]:
    """What each key determines: every column.  NULLs are no values, so a key has none."""
    if table.primary_key:
        yield KnownDependency(Dependency.of(table.primary_key, names), "key")
    for index in table.indexes:
        if index.unique and index.plain and index.kind != "primary key" and index.columns:
            columns = [find_column(table, name) for name in index.columns]
            if all(column is not None and not column.nullable for column in columns):
                yield KnownDependency(Dependency.of(index.columns, names), "unique")


def _smallest(keys: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    kept: list[tuple[str, ...]] = []
    for key in keys:
        if not any(set(other) <= set(key) for other in kept):
            kept.append(key)
    return tuple(kept)


def _known(
    table: Table,
    schema: Schema,
    rows: Mapping[str, list[Table]],
    own: Iterable[Remark],
    data: Iterable[Profiled],
) -> Iterator[KnownDependency]:
    """The dependencies besides the keys.  One whose columns the table does not have is about another."""
    for remark in own:
        if remark.dependency is not None and (one := _resolved(table, remark.dependency)):
            yield KnownDependency(one, "comment")
    for profile in data:
        if one := _resolved(table, Dependency.of(profile.left, profile.right)):
            yield KnownDependency(one, "data", f"{profile.rows:,} rows looked at")
    for named in named_dependencies(table, schema, rows):
        target = schema.tables[named.target].label
        there = ", ".join(f"{target}.{name}" for _, name in named.sources)
        yield KnownDependency(named.dependency, "name", there)


def _resolved(table: Table, one: Dependency) -> Dependency | None:
    sides = []
    for side in (one.left, one.right):
        columns = [find_column(table, name) or find_column(table, name.lower()) for name in side]
        if None in columns:
            return None
        sides.append([column.name for column in columns if column is not None])
    found = Dependency.of(*sides)
    return None if found.is_trivial else found

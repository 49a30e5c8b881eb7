"""Names of a statement against a schema: which table each means, which column, or *unknown*.

Unknown never counts as missing: a name is only missing when everything in which it could have been
found is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers.sql.schema import Schema, SchemaColumn, Table, find_column, find_table
from backend_analyzers.sql.statement import ColumnRef, Derived, Scope, Star, Statement, TableRef

_SYSTEM_SCHEMAS = frozenset(
    "information_schema pg_catalog pg_temp pg_toast sys mysql performance_schema temp".split()  # noqa: SIM905
)
_SYSTEM_TABLES = frozenset(
    "dual spatial_ref_sys geometry_columns geography_columns raster_columns".split()  # noqa: SIM905
)
_SYSTEM_COLUMNS = frozenset(
    "ctid xmin xmax cmin cmax tableoid oid rowid _rowid_ rownum".split()  # noqa: SIM905
)
_PSEUDO = frozenset({"excluded", "new", "old", "inserted", "deleted", "values"})
_DEPTH = 24


class TableResolution(msgspec.Struct, frozen=True, gc=False):
    """``table`` is a key of ``Schema.tables``, set when ``state`` is ``table``."""

    state: Literal["table", "missing", "cte", "system", "unknown"]
    table: str | None = None


class ColumnResolution(msgspec.Struct, frozen=True, gc=False):
    """What a column means.

    ``column``: a column of ``table``. ``derived``: of a subquery or WITH query. ``output``: an alias of
    the select list. ``row``: a whole row of a table. ``missing``: in none of the tables in
    ``searched``, all known. ``unbound``: its qualifier names no table of the statement.
    ``source`` is an index into ``Statement.tables``.
    """

    state: Literal[
        "column", "derived", "output", "row", "system", "missing", "ambiguous", "unbound", "unknown"
    ]
    table: str | None = None
    source: int | None = None
    searched: tuple[str, ...] = ()


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """Parallel to ``Statement.tables`` and ``Statement.columns``."""

    tables: tuple[TableResolution, ...]
    columns: tuple[ColumnResolution, ...]


class Source(msgspec.Struct, frozen=True, gc=False):
    """Something in FROM with its columns; None when they are unknown, and a None among them is one without a sure name."""

    label: str | None
    columns: tuple[str | None, ...] | None
    table: Table | None
    index: int | None
    schema: str | None = None
    write: bool = False
    start: int = 0

    def has(self, name: str) -> bool | None:
        """Whether it has a column of this name; None when that is unknown."""
        if self.table is not None and self.columns is None:
            return True if find_column(self.table, name) else None
        if self.columns is None:
            return None
        if name in self.columns or (self.table is not None and find_column(self.table, name)):
            return True
        return None if None in self.columns else False


def resolve(statement: Statement, schema: Schema) -> Resolution:
    """What every table and column of a statement means."""
    resolver = Resolver(statement, schema)
    return Resolution(
        tuple(resolver.table(ref) for ref in statement.tables),
        tuple(resolver.column(ref) for ref in statement.columns),
    )


def output_names(
    statement: Statement, schema: Schema, scope: int = 0
) -> tuple[str | None, ...] | None:
    """The names of the columns that a query gives; None when a star hides them."""
    return Resolver(statement, schema).outputs(scope)


def output_column(
    statement: Statement, schema: Schema, scope: int, place: int
) -> SchemaColumn | None:
    """The stored column that an output of a query passes on unchanged, if it does."""
    resolver = Resolver(statement, schema)
    outputs = statement.scopes[scope].outputs if scope < len(statement.scopes) else ()
    column = outputs[place].column if place < len(outputs) else None
    if column is None:
        return None
    found = resolver.column(column)
    table = schema.tables.get(found.table) if found.table else None
    return find_column(table, column.name) if table is not None else None


class Resolver:
    """The sources of every scope, worked out once per statement."""

    def __init__(self, statement: Statement, schema: Schema) -> None:
        self.statement = statement
        self.schema = schema
        self._sources: dict[int, tuple[Source, ...]] = {}
        self._outputs: dict[int, tuple[str | None, ...] | None] = {}
        self._depth = 0

    def table(self, ref: TableRef) -> TableResolution:
        """What a table name means."""
        if ref.cte is not None:
            return TableResolution("cte")
        if ref.schema in _SYSTEM_SCHEMAS:
            return TableResolution("system")
        found = find_table(self.schema, ref.name, ref.schema)
        if found is not None:
            return TableResolution("table", found.key)
        if ref.name in _SYSTEM_TABLES or ref.name.startswith(("pg_", "sqlite_")):
            return TableResolution("system")
        tables = self.schema.tables.values()
        if not self.schema.complete or not tables or ref.catalog is not None:
            return TableResolution("unknown")
        if ref.schema is not None and not any(t.schema == ref.schema for t in tables):
            return TableResolution("unknown")
        if sum(table.name == ref.name for table in tables) > 1:
            return TableResolution("unknown")
        return TableResolution("missing")

    def column(self, ref: ColumnRef) -> ColumnResolution:
        """What a column name means."""
        scope = self.statement.scopes[ref.scope]
        if ref.qualifier:
            return self._qualified(ref, scope)
        if ref.clause in {"insert", "conflict", "set"}:
            targets = [source for source in self.sources(scope.id) if source.write]
            if targets and (ref.clause != "set" or targets[0].has(ref.name)):
                return self._among(ref.name, scope, targets) or _missing(targets)
        return self._bare(ref, scope)

    def sources(self, scope: int) -> tuple[Source, ...]:
        """Everything in FROM of a scope, in the order of the text."""
        if scope not in self._sources:
            self._sources[scope] = ()
            found = [
                self._table_source(index, ref)
                for index, ref in enumerate(self.statement.tables)
                if ref.scope == scope
            ]
            found += [self._derived(d) for d in self.statement.derived if d.scope == scope]
            self._sources[scope] = tuple(sorted(found, key=lambda source: source.start))
        return self._sources[scope]

    def outputs(self, scope: int) -> tuple[str | None, ...] | None:
        """The output names of a scope; None when unknown."""
        if scope not in self._outputs:
            self._outputs[scope] = None
            self._depth += 1
            if self._depth < _DEPTH and scope < len(self.statement.scopes):
                self._outputs[scope] = self._names(self.statement.scopes[scope])
            self._depth -= 1
        return self._outputs[scope]

    def expand(self, star: Star) -> tuple[tuple[Source, tuple[str | None, ...]], ...] | None:
        """The sources that a star covers with their columns; None when any is unknown."""
        covered = self._covered(star.qualifier, star.scope)
        if not covered or any(source.columns is None for source in covered):
            return None
        return tuple((source, source.columns or ()) for source in covered)

    def _covered(self, qualifier: tuple[str, ...], scope: int) -> list[Source]:
        sources = self.sources(scope)
        if not qualifier:
            return list(sources)
        return [source for source in sources if _answers(source, qualifier)][:1]

    def _names(self, scope: Scope) -> tuple[str | None, ...] | None:
        if scope.kind == "set":
            return self.outputs(scope.arms[0]) if scope.arms else None
        found: list[str | None] = []
        for output in scope.outputs:
            if not output.star:
                found.append(output.name)
                continue
            star = next((s for s in self.statement.stars if s.start == output.start), None)
            covered = self._covered(star.qualifier if star else (), scope.id)
            if scope.open or not covered or any(s.columns is None for s in covered):
                return None
            for source in covered:
                found.extend(source.columns or ())
        return tuple(found)

    def _table_source(self, index: int, ref: TableRef) -> Source:
        columns: tuple[str | None, ...] | None = None
        table: Table | None = None
        if ref.cte is not None:
            cte = self.statement.ctes[ref.cte]
            body = self.outputs(cte.body) if cte.body is not None else None
            columns = _renamed(body, cte.columns)
        else:
            found = self.table(ref)
            table = self.schema.tables.get(found.table) if found.table else None
            if table is not None and table.known:
                columns = tuple(column.name for column in table.columns)
        if ref.column_aliases:
            columns, table = _renamed(columns, ref.column_aliases), None
        return Source(ref.label, columns, table, index, ref.schema, ref.role == "write", ref.start)

    def _derived(self, derived: Derived) -> Source:
        columns: tuple[str | None, ...] | None = None
        if derived.body is not None:
            columns = _renamed(self.outputs(derived.body), derived.columns)
        elif derived.columns and derived.kind == "function":
            columns = (*derived.columns, derived.alias, None)
        return Source(derived.alias, columns, None, None, start=derived.start)

    def _qualified(self, ref: ColumnRef, scope: Scope) -> ColumnResolution:
        opened = False
        for level in self._chain(scope):
            opened = opened or level.open
            for source in self.sources(level.id):
                if _answers(source, ref.qualifier):
                    return self._among(ref.name, level, [source]) or _missing([source])
        if ref.qualifier[-1] in _PSEUDO or opened:
            return ColumnResolution("unknown")
        if self._bare_state(ref.qualifier[0], scope):
            return ColumnResolution("unknown")
        return ColumnResolution("unbound")

    def _bare_state(self, name: str, scope: Scope) -> bool:
        """Whether a qualifier may be a column of a composite type after all."""
        return any(
            source.has(name) is not False
            for level in self._chain(scope)
            for source in self.sources(level.id)
        )

    def _bare(self, ref: ColumnRef, scope: Scope) -> ColumnResolution:
        if ref.clause in {"order", "group", "having"}:
            outputs = self.outputs(scope.id)
            aliases = {o.name for o in scope.outputs if o.aliased}
            if ref.name in aliases or (outputs and ref.name in outputs and scope.kind == "set"):
                return ColumnResolution("output")
            if scope.kind == "set" and (outputs is None or None in outputs):
                return ColumnResolution("unknown")
        searched: list[Source] = []
        unknown = False
        for level in self._chain(scope):
            sources = list(self.sources(level.id))
            found = self._among(ref.name, level, sources)
            if found is not None:
                return found
            unknown = unknown or level.open
            searched.extend(sources)
        if unknown:
            return ColumnResolution("unknown")
        if ref.name in _SYSTEM_COLUMNS:
            return ColumnResolution("system")
        return _missing(searched)

    def _among(self, name: str, scope: Scope, sources: list[Source]) -> ColumnResolution | None:
        """What a name means among sources of one level; None when it is surely in none of them."""
        states = [source.has(name) for source in sources]
        found = [source for source, state in zip(sources, states, strict=True) if state]
        if len(found) > 1 and not (scope.natural or name in scope.merged or scope.open):
            return ColumnResolution("ambiguous", searched=_keys(found))
        if found and (None not in states or len(sources) == 1):
            first = found[0]
            if first.table is None:
                return ColumnResolution("derived", source=first.index)
            return ColumnResolution("column", first.table.key, first.index)
        if any(state is None for state in states):
            return ColumnResolution("unknown")
        if any(source.label == name for source in sources):
            return ColumnResolution("row")
        if name in _SYSTEM_COLUMNS and sources:
            return ColumnResolution("system")
        return None

    def _chain(self, scope: Scope) -> Iterator[Scope]:
        """The scopes in which a name is looked for, from the inside out."""
        current = scope
        yield current
        for _ in range(len(self.statement.scopes)):
            if current.parent is None:
                return
            hidden = current.isolated
            current = self.statement.scopes[current.parent]
            if not hidden:
                yield current


def _answers(source: Source, qualifier: tuple[str, ...]) -> bool:
    if source.label != qualifier[-1]:
        return False
    return len(qualifier) == 1 or source.schema is None or source.schema == qualifier[-2]


def _renamed(
    names: tuple[str | None, ...] | None, aliases: tuple[str, ...]
) -> tuple[str | None, ...] | None:
    if not aliases:
        return names
    return (*aliases, *(names or (None,) * (len(aliases) + 1))[len(aliases) :])


def _missing(sources: list[Source]) -> ColumnResolution:
    keys = _keys(sources)
    return ColumnResolution("missing", searched=keys) if sources else ColumnResolution("unknown")


def _keys(sources: list[Source]) -> tuple[str, ...]:
    return tuple(source.table.key for source in sources if source.table is not None)

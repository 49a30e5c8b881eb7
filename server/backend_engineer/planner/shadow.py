"""The shadow of production: its schema and its statistics, without its rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from backend_analyzers.oracle import Evidence, Script
from backend_analyzers.sql.ddl import CreateIndex
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_engineer.planner import sizes
from backend_engineer.planner.binaries import FOR_STATISTICS
from backend_engineer.planner.cluster import Cluster
from backend_engineer.planner.databases import Database, Error, create_empty, database
from backend_engineer.planner.explain import Node, explain
from backend_engineer.planner.inflate import height_of, set_height, set_length
from backend_engineer.planner.statistics import Statistics, restore, restore_size

_MARK = "backend_engineer_inflated"
"""A table whose comment says how far a shadow is: `ready`, or `trying` an index."""

Connection = psycopg.Connection[tuple[Any, ...]]


class Shadow(msgspec.Struct, frozen=True):
    """A database that is planned for as if it held production."""

    database: Database
    evidence: Evidence
    heights: dict[str, int] = {}

    @property
    def errors(self) -> tuple[Error, ...]:
        """The statements of the schema that did not run."""
        return self.database.errors

    @contextlib.contextmanager
    def planning(self, *, seconds: float = 5.0) -> Iterator[Connection]:
        """A connection of the unprivileged owner in a transaction that is rolled back."""
        with self.database.connect() as connection:
            connection.execute(f"SET statement_timeout = {int(seconds * 1000)}")
            connection.execute("BEGIN READ ONLY")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def explain(self, query: str) -> Node:
        """The plan of a statement.  Raises `NotPlanned`."""
        with self.planning() as connection:
            return explain(connection, query)


def shadow(cluster: Cluster, script: Script, known: Statistics, *, seconds: float = 5.0) -> Shadow:
    """The shadow with the schema of `script` at the size that `known` says; made when there is none."""
    if known.evidence == "none" or cluster.version < FOR_STATISTICS:
        return Shadow(database(cluster, script, seconds=seconds), "none")
    purpose = f"_{known.digest[:12]}"
    made = database(cluster, script, purpose=purpose, seconds=seconds)
    state = _state(made)
    if state == "trying":  # somebody was killed while an index was there
        with cluster.connect() as connection:
            create_empty(connection, made.name)
        made = database(cluster, script, purpose=purpose, seconds=seconds)
    if state != "ready":
        _inflate(cluster, made, known)
    return Shadow(made, known.evidence, known.heights)


def _state(made: Database) -> str:
    with made.connect() as connection:
        row = connection.execute(
            f"SELECT obj_description(to_regclass('public.{_MARK}'), 'pg_class')"
        ).fetchone()
    return row[0] or "" if row is not None else ""


def _mark(connection: Connection, state: str) -> None:
    connection.execute(f"COMMENT ON TABLE public.{_MARK} IS '{state}'".encode())


class _Relation(NamedTuple):
    oid: int
    schema: str
    name: str
    kind: str
    method: str
    file: str
    pages: int
    tuples: float


def _inflate(cluster: Cluster, made: Database, known: Statistics) -> None:
    """Give every relation its statistics, and then, while the server rests, its length and height."""
    with made.connect() as connection:
        connection.execute(f"CREATE TABLE public.{_MARK} ()".encode())
        restore(connection, known)
        _declare(connection, known)
        _size_indexes(connection)
        relations = list(_relations(connection))
        widths = dict(connection.execute(_WIDTHS).fetchall())
    with made.connect_as_superuser() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_buffercache")
        connection.execute("CHECKPOINT")
    cluster.stop()
    try:
        for relation in relations:
            _patch(cluster.data / relation.file, relation, known.heights, widths)
    finally:
        cluster.start()
    with made.connect() as connection:
        _mark(connection, "ready")


def _declare(connection: Connection, known: Statistics) -> None:
    """The sizes of tables whose numbers of rows are declared, unless statistics know better."""
    sized = {relation["relname"] for relation in known.relations}
    for relation in _relations(connection):
        rows = known.rows.get(relation.name, known.rows.get(f"{relation.schema}.{relation.name}"))
        if rows is not None and relation.kind in {"r", "m"} and relation.name not in sized:
            pages = sizes.of_table(connection, relation.oid, rows)
            restore_size(connection, relation.schema, relation.name, pages, rows)


def _size_indexes(connection: Connection) -> None:
    """The sizes of indexes that the statistics do not have, on tables that they do."""
    unknown = connection.execute(
        "SELECT i.indexrelid::int, n.nspname, x.relname FROM pg_index i "
        "JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace "
        "JOIN pg_class h ON h.oid = i.indrelid "
        "WHERE x.relkind = 'i' AND h.reltuples > 0 AND h.relkind IN ('r', 'm') "
        "AND x.reltuples = 0 AND n.nspname NOT LIKE 'pg\\_%'"
    ).fetchall()
    for index, schema, name in unknown:
        size = sizes.of_index(connection, index)
        restore_size(connection, schema, name, size.pages, size.tuples)


def _relations(connection: Connection) -> Iterator[_Relation]:
    rows = connection.execute(
        "SELECT c.oid::int, n.nspname, c.relname, c.relkind::text, coalesce(a.amname, ''), "
        "pg_relation_filepath(c.oid), c.relpages, c.reltuples FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam "
        "WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname NOT LIKE 'pg\\_%' "
        "AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'"
    ).fetchall()
    yield from (_Relation(*row) for row in rows if row[5])


_WIDTHS = f"""
SELECT i.indexrelid::int, sum(coalesce(nullif(s.avg_width, 0), CASE WHEN t.typlen > 0 THEN t.typlen ELSE 16 END))::float8
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum > 0
JOIN pg_type t ON t.oid = a.atttypid {sizes.STATISTICS_OF_KEY}
GROUP BY 1
"""  # noqa: S608 - a join of ours


def _patch(
    file: Path, relation: _Relation, heights: dict[str, int], widths: dict[int, float]
) -> None:
    pages = relation.pages
    if pages <= 0:
        return
    if relation.method == "btree" and relation.kind == "i":
        height = heights.get(relation.name)
        if height is None:
            height = height_of(pages, widths.get(relation.oid, 16.0))
        set_height(file, height)
        pages = max(pages, height + 2)
    elif relation.kind == "i":
        # Other kinds of index read their own pages while planning no more than the length.
        pages = max(pages, file.stat().st_size // 8192)
    set_length(file, pages)


@contextlib.contextmanager
def with_index(made: Shadow, ddl: str) -> Iterator[int]:
    """Build an index on the shadow for the length of a block; gives its estimated pages.

    The table is made empty to build it and long again afterwards.  Raises `psycopg.Error` when
    PostgreSQL does not take the statement, ValueError when it is another one.
    """
    data = made.database.cluster.data
    with made.database.connect() as connection:
        table = _table_of(connection, ddl)
        file = data / table.file
        set_length(file, 0)
        try:
            connection.execute("SET statement_timeout = '5s'")
            _mark(connection, "trying")
            before = {row[0] for row in connection.execute(_INDEXES, (table.oid,)).fetchall()}
            connection.execute(ddl.encode())
            after = {row[0] for row in connection.execute(_INDEXES, (table.oid,)).fetchall()}
        finally:
            set_length(file, max(0, table.pages))
        index = next(iter(after - before))
        try:
            yield _grow(made, connection, index)
        finally:
            name = connection.execute("SELECT %s::regclass::text", (index,)).fetchone()
            assert name is not None
            connection.execute(f"DROP INDEX {name[0]}".encode())
            _mark(connection, "ready")


def _grow(made: Shadow, connection: Connection, index: int) -> int:
    """Give a new, empty index the size and height that it would have."""
    size = sizes.of_index(connection, index)
    row = connection.execute(
        "SELECT n.nspname, c.relname, pg_relation_filepath(c.oid) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
        (index,),
    ).fetchone()
    assert row is not None
    schema, name, path = row
    file = made.database.cluster.data / path
    with made.database.connect_as_superuser() as superuser:
        superuser.execute("CHECKPOINT")
        superuser.execute("SELECT pg_buffercache_evict_relation(%s::regclass)", (index,))
    pages = size.pages
    if size.height is not None:
        set_height(file, size.height)
        pages = max(pages, size.height + 2)
    set_length(file, pages)
    restore_size(connection, schema, name, pages, size.tuples)
    return pages


_INDEXES = "SELECT indexrelid::int FROM pg_index WHERE indrelid = %s"


def _table_of(connection: Connection, ddl: str) -> _Relation:
    """The table that a CREATE INDEX is on."""
    made = next((a for s in parse_ddl(ddl) for a in s.actions if isinstance(a, CreateIndex)), None)
    if made is None:
        raise ValueError(f"expected one CREATE INDEX, got `{ddl[:80]}`")
    row = connection.execute(
        "SELECT to_regclass(quote_ident(%s) || '.' || quote_ident(%s))::oid::int",
        (made.table.schema or "public", made.table.name),
    ).fetchone()
    found = next((one for one in _relations(connection) if row and one.oid == row[0]), None)
    if found is None:
        raise ValueError(f"there is no table `{made.table.name}`")
    return found

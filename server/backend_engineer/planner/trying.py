"""What if there were other indexes: they are built on the shadow, empty and as large as they would be.

All are built at once and hidden from the planner; each question shows it those that it is about.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from backend_analyzers.sql.ddl import CreateIndex
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_engineer.planner import sizes
from backend_engineer.planner.cluster import Cluster, limited
from backend_engineer.planner.databases import OURS, extend, run
from backend_engineer.planner.explain import Node, explain
from backend_engineer.planner.inflate import set_length
from backend_engineer.planner.shadow import READY, TRYING, Relation, Shadow, grow, mark, relations
from backend_engineer.planner.statistics import Hands, restore_size

Connection = psycopg.Connection[tuple[Any, ...]]

_SECONDS = 5.0


class Built(NamedTuple):
    """An index that is tried out: the names it has in plans, and the pages it would take.

    On a partitioned table each partition has one.
    """

    ddl: str
    oids: tuple[int, ...]
    names: frozenset[str]
    pages: int


class Trial(msgspec.Struct, frozen=True):
    """The shadow with other indexes.  `built` are those that PostgreSQL takes."""

    built: tuple[Built, ...]
    superuser: Connection
    owner: Connection
    shadow: Shadow

    def explain(self, query: str, using: Collection[Built], *, seconds: float = _SECONDS) -> Node:
        """The plan of a statement when there are these indexes too.  Raises `NotPlanned`."""
        there = [oid for one in self.built for oid in one.oids]
        shown = [oid for one in using for oid in one.oids]
        self.superuser.execute(_SHOW, (shown, there, shown))
        cluster = self.shadow.database.cluster
        with limited(cluster, self.owner.info.backend_pid, seconds):
            # A transaction of its own, or the change of the catalogue would not be seen.
            self.owner.execute("BEGIN READ ONLY")
            try:
                return explain(self.owner, query)
            finally:
                if not self.owner.closed:
                    self.owner.execute("ROLLBACK")


_SHOW = """
UPDATE pg_catalog.pg_index SET indisvalid = (indexrelid::int = ANY(%s::int[]))
WHERE indexrelid::int = ANY(%s::int[]) AND indisvalid <> (indexrelid::int = ANY(%s::int[]))
"""


@contextlib.contextmanager
def trying(
    shadow: Shadow, ddls: Sequence[str], *, extensions: Collection[str] = ()
) -> Iterator[Trial]:
    """Build indexes on the shadow for the length of a block, with the extensions that they need.

    Whatever interrupts this leaves a shadow that is noted as unfinished, and made anew later.
    """
    made = shadow.database
    for name in extensions:
        extend(made, f"CREATE EXTENSION {name}")
    made.cluster.used.pop(made.name, None)  # until all is as it was
    with contextlib.ExitStack() as stack:
        superuser = stack.enter_context(made.connect_as_superuser())
        owner = stack.enter_context(made.connect())
        owner.execute(f"SET statement_timeout = {int(_SECONDS * 900)}")
        mark(made, superuser, TRYING)
        built = _build(shadow, Hands(owner, superuser), ddls)
        if owner.closed:
            superuser = stack.enter_context(made.connect_as_superuser())
            owner = stack.enter_context(made.connect())
        try:
            yield Trial(tuple(built), superuser, owner, shadow)
        finally:
            _drop(shadow, built)
            made.cluster.used[made.name] = None


def _build(shadow: Shadow, hands: Hands, ddls: Sequence[str]) -> list[Built]:
    data = shadow.database.cluster.data
    wanted = [(ddl, oid) for ddl in ddls if (oid := _table_of(hands.owner, ddl)) is not None]
    named = {oid for _, oid in wanted}
    tables = list(_with_partitions(hands.owner, named))
    oids = named | {table.oid for table in tables}
    for table in tables:
        set_length(data / table.file, 0)
    made: list[Built] = []
    try:
        for ddl, _ in wanted:
            made += _built(shadow, hands, ddl, sorted(oids))
    finally:
        for table in tables:
            set_length(data / table.file, max(0, table.pages))
    # What is hidden is not looked at while the sizes of others are estimated.
    hands.superuser.execute(_SHOW, ([], [oid for one in made for oid in one.oids], []))
    for table in tables:  # building an index counts the rows of its table
        restore_size(hands, table.schema, table.name, table.pages, table.tuples, table.visible)
    return _grown(shadow, hands, made)


def _built(shadow: Shadow, hands: Hands, ddl: str, tables: list[int]) -> Iterator[Built]:
    """Build one index; nothing when PostgreSQL does not take it: not every guess is right."""
    known = set(_indexes(hands.owner, tables))
    if run(shadow.database.cluster, hands.owner, ddl, _SECONDS):
        return
    fresh = {oid: name for oid, name in _indexes(hands.owner, tables).items() if oid not in known}
    if fresh:
        yield Built(ddl, tuple(fresh), frozenset(fresh.values()), 0)


def _grown(shadow: Shadow, hands: Hands, built: Sequence[Built]) -> list[Built]:
    """Give new, empty indexes the sizes and heights that they would have."""
    cluster = shadow.database.cluster
    there = {one.oid: one for one in relations(hands.owner)}
    oids = [oid for one in built for oid in one.oids if oid in there]
    with limited(cluster, hands.owner.info.backend_pid, 30):
        size_of = sizes.of_indexes(hands.owner, oids)
    with _forgotten(shadow, hands, oids) as fresh:
        return [_with_size(cluster, fresh, one, there, size_of) for one in built]


def _with_size(
    cluster: Cluster,
    hands: Hands,
    one: Built,
    there: Mapping[int, Relation],
    size_of: Mapping[int, sizes.Size],
) -> Built:
    pages = 0
    for oid in one.oids:
        if oid in there:
            index, size = there[oid], size_of[oid]
            taken = grow(cluster, index.file, size.pages, size.height)
            restore_size(hands, index.schema, index.name, taken, size.tuples)
            pages += taken
    return one._replace(pages=pages)


@contextlib.contextmanager
def _forgotten(shadow: Shadow, hands: Hands, oids: list[int]) -> Iterator[Hands]:
    """Have the server forget what it knows of some files, so that it reads what we write to them."""
    if hands.superuser.info.server_version >= 180_000:  # noqa: PLR2004
        hands.superuser.execute(
            f"SELECT {OURS}.pg_buffercache_evict_relation(i::oid::regclass) "  # noqa: S608 - ours
            "FROM unnest(%s::int[]) i",
            (oids,),
        )
        yield hands
        return
    hands.superuser.execute("CHECKPOINT")
    hands.owner.close()
    hands.superuser.close()
    shadow.database.cluster.restart()
    with (
        shadow.database.connect() as owner,
        shadow.database.connect_as_superuser() as superuser,
    ):
        yield Hands(owner, superuser)


def _drop(shadow: Shadow, built: Iterable[Built]) -> None:
    made = shadow.database
    with made.connect_as_superuser() as connection:
        for one in built:
            # That of a partitioned table is the first, and takes those of the partitions with it.
            name = connection.execute("SELECT %s::oid::regclass::text", (min(one.oids),)).fetchone()
            assert name is not None
            with contextlib.suppress(psycopg.errors.UndefinedTable):
                connection.execute(f"DROP INDEX {name[0]}".encode())
        mark(made, connection, READY)


def _indexes(connection: Connection, tables: list[int]) -> dict[int, str]:
    rows = connection.execute(
        "SELECT i.indexrelid::int, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid::int = ANY(%s::int[]) ORDER BY 1",
        (tables,),
    ).fetchall()
    return dict(rows)


def _table_of(connection: Connection, ddl: str) -> int | None:
    """The table that a CREATE INDEX is on; None when it is another statement or there is no such table."""
    made = next((a for s in parse_ddl(ddl) for a in s.actions if isinstance(a, CreateIndex)), None)
    if made is None:
        return None
    name = sql.Identifier(made.table.schema or "public", made.table.name).as_string(connection)
    row = connection.execute("SELECT to_regclass(%s)::oid::int", (name,)).fetchone()
    return row[0] if row is not None else None


def _with_partitions(connection: Connection, tables: set[int]) -> Iterator[Relation]:
    """The tables and partitions that have rows."""
    rows = connection.execute(
        "SELECT coalesce(p.relid::oid, t)::int FROM unnest(%s::int[]) t "
        "LEFT JOIN LATERAL pg_partition_tree(t::oid::regclass) p ON true",
        (list(tables),),
    ).fetchall()
    wanted = {row[0] for row in rows} | tables
    yield from (one for one in relations(connection) if one.oid in wanted)

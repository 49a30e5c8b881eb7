"""The shadow of production: its schema and its statistics, without its rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from backend_analyzers.oracle import Evidence, Script
from backend_engineer.plan_text import nodes
from backend_engineer.planner import sizes
from backend_engineer.planner.binaries import FOR_STATISTICS
from backend_engineer.planner.cluster import Cluster, limited
from backend_engineer.planner.databases import Database, Error, Note, database, note, noted
from backend_engineer.planner.explain import Node, explain
from backend_engineer.planner.inflate import BLOCK, height_of, set_height, set_length
from backend_engineer.planner.statistics import Hands, Statistics, restore, restore_size

READY, TRYING = "ready", "trying"
"""How far a shadow is, as its database is noted: complete, or with indexes that are tried out."""

Connection = psycopg.Connection[tuple[Any, ...]]


class Shadow(msgspec.Struct, frozen=True):
    """A database that is planned for as if it held production.

    `known` says of each table, by name, what its costs rest on; `remark` what a person should know
    of all of them.
    """

    database: Database
    evidence: Evidence
    known: Mapping[str, Evidence] = {}
    remark: str = ""

    @property
    def errors(self) -> tuple[Error, ...]:
        """The statements of the schema that did not run."""
        return self.database.errors

    @contextlib.contextmanager
    def planning(self, *, seconds: float = 5.0) -> Iterator[Connection]:
        """A connection of the unprivileged owner in a transaction that is rolled back.

        Immutable functions of the workspace run while planning: the time is limited from outside.
        """
        connection = self.database.connect()
        try:
            connection.execute(f"SET statement_timeout = {int(seconds * 900)}")
            connection.execute("BEGIN READ ONLY")
            with limited(self.database.cluster, connection.info.backend_pid, seconds):
                yield connection
        finally:
            connection.close()

    def explain(self, query: str, *, seconds: float = 5.0) -> Node:
        """The plan of a statement.  Raises `NotPlanned`."""
        with self.planning(seconds=seconds) as connection:
            return explain(connection, query)

    def evidence_of(self, top: Node) -> Evidence:
        """What the costs of a plan rest on: the least that is known of its tables.

        A table of which nothing is known among others that are is taken for a small one.
        """
        classes = [self.known.get(name, "none") for name in tables_of(top)]
        if not classes:
            return self.evidence
        if all(one == "none" for one in classes):
            return "none"
        return self.evidence if all(one == "full" for one in classes) else "sizes"

    def remark_of(self, top: Node) -> str:
        """What a person should know of a plan's costs besides their evidence."""
        told = [self.remark] if self.remark else []
        missing = [name for name in tables_of(top) if self.known.get(name, "none") == "none"]
        if missing and self.evidence_of(top) != "none":
            listed = ", ".join(f"`{name}`" for name in missing)
            told.append(f"nothing is known of the size of {listed}: taken for small")
        return "; ".join(told)


def tables_of(top: Node) -> tuple[str, ...]:
    """The names of the tables that a plan reads or writes."""
    return tuple(dict.fromkeys(n["Relation Name"] for n in nodes(top) if "Relation Name" in n))


def shadow(cluster: Cluster, script: Script, known: Statistics, *, seconds: float = 5.0) -> Shadow:
    """The shadow with the schema of `script` at the size that `known` says; made when there is none."""
    locale, remark = _locale(cluster, known)
    purpose = "_c" if locale == "C" else ""
    if known.evidence == "none":
        made = database(cluster, script, purpose=purpose, seconds=seconds, locale=locale)
        return Shadow(made, "none", {}, remark)
    purpose = f"{purpose}_{known.digest[:12]}"
    made = database(cluster, script, purpose=purpose, seconds=seconds, locale=locale)
    if not _is_ready(made):
        # A database that was left while it was made, or while indexes were tried out, is made anew.
        if _state(made):
            _drop_note(made)
            made = database(cluster, script, purpose=purpose, seconds=seconds, locale=locale)
        _inflate(made, known)
    with made.connect() as connection:
        classes = dict(_classes(connection))
    evidence = known.evidence
    if cluster.version < FOR_STATISTICS and evidence == "full":
        evidence = "sizes"
        told = (
            f"PostgreSQL {cluster.version} takes no statistics of values from elsewhere: sizes only"
        )
        remark = f"{told}; {remark}" if remark else told
    return Shadow(made, evidence, classes, remark)


def mark(made: Database, connection: Connection, state: str) -> None:
    """Note how far a shadow is; `connection` is a superuser's."""
    note(connection, made.name, Note(made.errors, state))


def _state(made: Database) -> str:
    with made.cluster.connect() as connection:
        kept = noted(connection, made.name)
    return kept.state if kept is not None else ""


def _drop_note(made: Database) -> None:
    with made.cluster.connect() as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(made.name))
        )


def _is_ready(made: Database) -> bool:
    """Whether a shadow is complete: noted as such, and with files as long as they should be."""
    if _state(made) != READY:
        return False
    with made.connect() as connection:
        shorter = connection.execute(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'm', 'i') AND c.relpages > 0 AND n.nspname NOT LIKE 'pg\\_%%' "
            "AND n.nspname <> 'information_schema' "
            "AND pg_relation_size(c.oid) < c.relpages::bigint * %s LIMIT 1",
            (BLOCK,),
        ).fetchone()
    return shorter is None


def _locale(cluster: Cluster, known: Statistics) -> tuple[str, str]:
    """A locale whose order of text is of production's kind: LIKE can use an index in some only.

    What is not said is taken for a language's order, as most databases are made.
    """
    if known.collation == "C":
        return "C", ""
    with cluster.connect() as connection:
        row = connection.execute(
            "SELECT collcollate FROM pg_collation WHERE collprovider = 'c' AND collencoding IN (6, -1) "
            "AND collcollate NOT IN ('C', 'POSIX') "
            "ORDER BY collcollate NOT ILIKE 'C.utf%', collcollate <> 'en_US.utf8', collcollate LIMIT 1"
        ).fetchone()
    if row is None:
        return (
            "C",
            "this machine has no locale but C, so a LIKE may use indexes here that it cannot",
        )
    return row[0], ""


class Relation(NamedTuple):
    """A table or an index with its first file, relative to the data folder."""

    oid: int
    schema: str
    name: str
    kind: str
    method: str
    file: str
    pages: int
    tuples: float
    visible: int


def relations(connection: Connection) -> Iterator[Relation]:
    """Everything of the workspace that has a file."""
    rows = connection.execute(
        "SELECT c.oid::int, n.nspname, c.relname, c.relkind::text, coalesce(a.amname, ''), "
        "pg_relation_filepath(c.oid), c.relpages, c.reltuples, c.relallvisible FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam "
        "WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname NOT LIKE 'pg\\_%' "
        "AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'"
    ).fetchall()
    yield from (Relation(*row) for row in rows if row[5])


def _inflate(made: Database, known: Statistics) -> None:
    """Give every relation its statistics, and then, while the server rests, its length and height."""
    cluster = made.cluster
    with made.connect() as owner, made.connect_as_superuser() as superuser:
        hands = Hands(owner, superuser)
        restore(hands, known)
        _declare(hands, known)
        with limited(cluster, owner.info.backend_pid, 30):
            _size_indexes(hands)
        there = list(relations(owner))
        widths = dict(owner.execute(_WIDTHS).fetchall())
        for name, value in known.settings.items():
            with contextlib.suppress(psycopg.Error):
                superuser.execute(
                    sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                        sql.Identifier(made.name), sql.Identifier(name), sql.Literal(value)
                    )
                )
        superuser.execute("CHECKPOINT")
    cluster.stop()
    try:
        for relation in there:
            _patch(cluster, relation, known.heights, widths)
    finally:
        cluster.start()
    with cluster.connect() as connection:
        mark(made, connection, READY)


def _declare(hands: Hands, known: Statistics) -> None:
    """The sizes of tables whose numbers of rows are declared, unless statistics know better."""
    sized = {relation["relname"] for relation in known.relations}
    for relation in relations(hands.owner):
        rows = known.rows.get(relation.name, known.rows.get(f"{relation.schema}.{relation.name}"))
        if rows is not None and relation.kind in {"r", "m"} and relation.name not in sized:
            pages = sizes.of_table(hands.owner, relation.oid, rows)
            restore_size(hands, relation.schema, relation.name, pages, rows)


def _size_indexes(hands: Hands) -> None:
    """The sizes of indexes that the statistics do not have, on tables that they do."""
    unknown = hands.owner.execute(
        "SELECT i.indexrelid::int, n.nspname, x.relname FROM pg_index i "
        "JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace "
        "JOIN pg_class h ON h.oid = i.indrelid "
        "WHERE x.relkind = 'i' AND h.reltuples > 0 AND h.relkind IN ('r', 'm') "
        "AND x.reltuples = 0 AND n.nspname NOT LIKE 'pg\\_%'"
    ).fetchall()
    found = sizes.of_indexes(hands.owner, [index for index, _, _ in unknown])
    for index, schema, name in unknown:
        size = found[index]
        restore_size(hands, schema, name, size.pages, size.tuples)


_WIDTHS = f"""
SELECT i.indexrelid::int, sum(coalesce(nullif(s.avg_width, 0), CASE WHEN t.typlen > 0 THEN t.typlen ELSE 16 END))::float8
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum > 0
JOIN pg_type t ON t.oid = a.atttypid {sizes.STATISTICS_OF_KEY}
GROUP BY 1
"""  # noqa: S608 - a join of ours


def _patch(
    cluster: Cluster, relation: Relation, heights: dict[str, int], widths: dict[int, float]
) -> None:
    pages = relation.pages
    if pages <= 0:
        return
    height = None
    if relation.method == "btree" and relation.kind == "i":
        height = heights.get(relation.name)
        if height is None:
            height = height_of(pages, widths.get(relation.oid, 16.0))
    grow(cluster, relation.file, pages, height)


def grow(cluster: Cluster, name: str, pages: int, height: int | None) -> int:
    """Make the file of an empty relation as long as that; gives the pages that it has then.

    `height` is that of a B-tree.  Other kinds of index read their first pages while planning, which
    stay as they are.
    """
    file = cluster.data / name
    if height is not None:
        set_height(file, height)
        pages = max(pages, height + 2)
    else:
        pages = max(pages, file.stat().st_size // BLOCK)
    set_length(file, pages)
    return pages


def _classes(connection: Connection) -> Iterator[tuple[str, Evidence]]:
    """What is known of each table; of several with one name the one that least is known of."""
    rows = connection.execute(
        "SELECT c.relname, c.reltuples, coalesce(bool_or(s.histogram_bounds IS NOT NULL "
        "OR s.most_common_vals IS NOT NULL OR s.most_common_elems IS NOT NULL), false) "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname "
        "WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT LIKE 'pg\\_%' "
        "AND n.nspname <> 'information_schema' GROUP BY c.oid, c.relname, c.reltuples "
        "ORDER BY 3 DESC, 2 DESC"
    ).fetchall()
    for name, tuples, has_values in rows:
        if tuples < 0:
            yield name, "none"
        else:
            yield name, "full" if has_values or tuples == 0 else "sizes"

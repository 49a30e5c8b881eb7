"""SQLite's own planner, on an empty database in memory that believes it is large."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from backend_analyzers.oracle import Advice, Advise, Advised, Planned, Script
from backend_analyzers.sql.index_candidates import IndexCandidate, index_candidates
from backend_analyzers.sql.parse import parse
from backend_engineer.plan_text import Node, node_of, nodes
from backend_engineer.planner.statements import bare, is_declaring
from backend_engineer.planner.translate import schema_of

_STEPS = 2_000_000
"""Instructions of SQLite's machine that one statement may take."""
_LARGEST = 64_000_000
_MOST = 2
_COUNT = re.compile(r"uses (\d+)")
_TEMPORARY = "USE TEMP B-TREE"


class _Nulls(dict[str, None]):
    """Values for whatever names a query has."""

    def __missing__(self, name: str) -> None:
        return None


def plan(script: Script, query: str, rows: Mapping[str, int]) -> Planned:
    """What `EXPLAIN QUERY PLAN` says, as nodes with `Node Type` and `Plans`.

    `rows` are declared numbers of rows, which become `sqlite_stat1`.  SQLite tells no costs.
    """
    with contextlib.closing(opened(script)) as connection:
        if rows:
            _declare(connection, rows)
        return _planned(connection, query, is_known=bool(rows))


def advise(question: Advise, rows: Mapping[str, int]) -> Advised:
    """The plan, and the indexes that spare it a scan or a sort."""
    script, query = question.script, question.sql
    planned = plan(script, query, rows)
    top = node_of(planned)
    if top is None or not _work(top):
        return Advised(planned)
    return Advised(planned, tuple(_indexes(script, query, rows, top))[:_MOST])


def _indexes(script: Script, query: str, rows: Mapping[str, int], before: Node) -> Iterator[Advice]:
    schema = schema_of(script)
    for statement in parse(query, dialect="sqlite"):
        for candidate in index_candidates(query, statement, schema):
            table = schema.tables[candidate.table]
            if not _is_possible(candidate) or (rows and table.name not in rows):
                continue
            ddl = candidate.ddl(schema)
            # An index that is not there yet has no statistics: the same for all of them.
            with contextlib.closing(opened(Script((*script.statements, ddl), "sqlite"))) as made:
                if rows:
                    _declare(made, rows)
                after = node_of(_planned(made, query, is_known=bool(rows)))
            name = candidate.name(schema)
            is_used = after is not None and any(name in n["Node Type"] for n in nodes(after))
            if after is not None and is_used and _work(after) < _work(before):
                yield Advice(
                    title=f"Index {ddl.partition(' ON ')[2]}",
                    ddl=ddl,
                    proof=(
                        "planned by SQLite, which spares a scan or a sort with it and tells no costs; "
                        "each INSERT, and each UPDATE of its columns, writes to it too"
                    ),
                )


def _is_possible(candidate: IndexCandidate) -> bool:
    return candidate.method == "btree" and not candidate.include and "_ops" not in candidate.keys[0]


def _work(top: Node) -> int:
    """How many tables are read whole and how often rows are sorted."""
    told = [node["Node Type"] for node in nodes(top)]
    return sum(
        (text.startswith("SCAN ") and " COVERING " not in text) or text.startswith(_TEMPORARY)
        for text in told
    )


def _planned(connection: sqlite3.Connection, query: str, *, is_known: bool) -> Planned:
    try:
        steps = _explained(connection, bare(query).rstrip().rstrip(";"))
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return Planned("none", error=str(error))
    top: dict[str, Any] = {"Node Type": "Query", "Plans": []}
    made = {0: top}
    for number, parent, _, detail in steps:
        made[number] = {"Node Type": detail, "Plans": []}
        made.get(parent, top)["Plans"].append(made[number])
    return Planned("sizes" if is_known else "none", json.dumps(top))


def _explained(connection: sqlite3.Connection, query: str) -> list[tuple[int, int, int, str]]:
    """What the planner says for any values: how many there are it says only in an error."""
    text = f"EXPLAIN QUERY PLAN {query}"
    try:
        return connection.execute(text, _Nulls()).fetchall()
    except sqlite3.ProgrammingError as error:
        count = _COUNT.search(str(error))
        if count is None and "has no name" not in str(error):
            raise
    try:
        return connection.execute(text).fetchall()
    except sqlite3.ProgrammingError as error:
        count = _COUNT.search(str(error))
        if count is None:
            raise
        return connection.execute(text, [None] * int(count[1])).fetchall()


def opened(script: Script) -> sqlite3.Connection:
    """A database in memory with the schema of a script, which can reach no file."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
    left = [_STEPS]

    def tick() -> bool:
        left[0] -= 10_000
        return left[0] < 0

    connection.set_progress_handler(tick, 10_000)
    for statement in script.statements:
        left[0] = _STEPS
        if is_declaring(statement):
            with contextlib.suppress(sqlite3.Error, sqlite3.Warning):
                connection.execute(statement)
    left[0] = _STEPS
    return connection


def _declare(connection: sqlite3.Connection, rows: Mapping[str, int]) -> None:
    """Numbers of rows as ANALYZE would leave them; each further key divides what is left."""
    connection.execute("ANALYZE sqlite_schema")
    for name, table, unique, columns in connection.execute(
        'SELECT i.name, m.name, i."unique", (SELECT count(*) FROM pragma_index_info(i.name)) '
        "FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table'"
    ).fetchall():
        if table in rows:
            each = [max(1, round(rows[table] ** (1 - 0.5 * (n + 1)))) for n in range(columns)]
            if unique and each:
                each[-1] = 1
            numbers = " ".join(str(number) for number in (rows[table], *each))
            connection.execute("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, name, numbers))
    for table, count in rows.items():
        connection.execute("INSERT INTO sqlite_stat1 VALUES (?, NULL, ?)", (table, str(count)))
    connection.execute("ANALYZE sqlite_schema")

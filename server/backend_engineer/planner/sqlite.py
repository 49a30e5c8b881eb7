"""SQLite's own planner, on an empty database in memory that believes it is large."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from backend_analyzers.oracle import Failed, Planned, Script
from backend_engineer.planner.statements import is_declaring

_STEPS = 2_000_000
"""Instructions of SQLite's machine that one statement may take."""
_LARGEST = 64_000_000


def plan(script: Script, query: str, rows: Mapping[str, int]) -> Planned | Failed:
    """What `EXPLAIN QUERY PLAN` says, as nodes with `Node Type` and `Plans`.

    `rows` are declared numbers of rows, which become `sqlite_stat1`.  SQLite tells no costs.
    """
    with contextlib.closing(opened(script)) as connection:
        if rows:
            _declare(connection, rows)
        try:
            steps = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            return Planned("none", error=str(error))
    top: dict[str, Any] = {"Node Type": "Query", "Plans": []}
    nodes = {0: top}
    for number, parent, _, detail in steps:
        nodes[number] = {"Node Type": detail, "Plans": []}
        nodes.get(parent, top)["Plans"].append(nodes[number])
    return Planned("sizes" if rows else "none", json.dumps(top))


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

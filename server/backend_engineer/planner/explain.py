"""Plans: asked of PostgreSQL, never run."""

from __future__ import annotations

import json
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]
Node = dict[str, Any]


class NotPlanned(Exception):  # noqa: N818 - said to a person
    """PostgreSQL does not plan this; the message is its own."""


def explain(connection: Connection, query: str, *, verbose: bool = False) -> Node:
    """The top node of the plan of one statement, `$1` and so on standing for values.

    Raises `NotPlanned`.  The statement is parsed alone first, so that nothing can follow it.
    """
    text = query.strip().rstrip(";").strip()
    server = connection.pgconn
    parsed = server.prepare(b"", text.encode())
    if parsed.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise NotPlanned(_first_line(parsed.error_message))
    described = server.describe_prepared(b"")
    options = ["FORMAT JSON"]
    if described.nparams:
        options.append("GENERIC_PLAN")
    if verbose:
        options += ["VERBOSE", "COSTS OFF"]
    try:
        row = connection.execute(f"EXPLAIN ({', '.join(options)}) {text}".encode()).fetchone()
    except psycopg.Error as error:
        raise NotPlanned(_first_line(str(error).encode())) from None
    assert row is not None
    found = row[0] if not isinstance(row[0], str) else json.loads(row[0])
    top: Node = found[0]["Plan"]
    return top


def estimated_rows(connection: Connection, query: str) -> float | None:
    """How many rows the planner expects; None when it does not plan the query."""
    try:
        return float(explain(connection, query)["Plan Rows"])
    except NotPlanned:
        return None


def _first_line(message: bytes) -> str:
    text = message.decode(errors="replace").strip()
    return text.split("\n")[0].removeprefix("ERROR:").strip()

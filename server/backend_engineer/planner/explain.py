"""Plans: asked of PostgreSQL, never run."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from backend_engineer.planner.statements import encoded

Connection = psycopg.Connection[tuple[Any, ...]]
Node = dict[str, Any]

_GENERIC = 160_000
"""The first version whose EXPLAIN knows GENERIC_PLAN."""


class NotPlanned(Exception):  # noqa: N818 - said to a person
    """PostgreSQL does not plan this; the message is its own."""


def explain(connection: Connection, query: str, *, verbose: bool = False) -> Node:
    """The top node of the plan of one statement, `$1` and so on standing for values.

    Raises `NotPlanned`.  The statement is parsed alone first, so that nothing can follow it.
    """
    text = encoded(query.strip().rstrip(";").strip())
    count = parameters(connection, text)
    options = "FORMAT JSON, VERBOSE, COSTS OFF" if verbose else "FORMAT JSON"
    try:
        if count and connection.info.server_version < _GENERIC:
            row = _explain_prepared(connection, text, count, options)
        else:
            generic = ", GENERIC_PLAN" if count else ""
            # A comment at the end of the text must not take anything with it.
            row = connection.execute(
                b"EXPLAIN (" + f"{options}{generic}) ".encode() + text
            ).fetchone()
    except psycopg.Error as error:
        raise NotPlanned(_first_line(str(error))) from None
    if row is None:
        raise NotPlanned("PostgreSQL gave no plan")
    found = row[0] if not isinstance(row[0], str) else json.loads(row[0])
    top: Node = found[0]["Plan"]
    return top


def parameters(connection: Connection, text: bytes) -> int:
    """How many values one statement takes.  Raises `NotPlanned` for what is none, or several."""
    server = connection.pgconn
    try:
        parsed = server.prepare(b"", text)
        if parsed.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise NotPlanned(_first_line(parsed.error_message.decode(errors="replace")))
        return server.describe_prepared(b"").nparams
    except psycopg.Error as error:
        raise NotPlanned(_first_line(str(error))) from None


def estimated_rows(connection: Connection, query: str) -> float | None:
    """How many rows the planner expects; None when it does not plan the query."""
    try:
        return float(explain(connection, query)["Plan Rows"])
    except NotPlanned:
        return None


def _explain_prepared(
    connection: Connection, text: bytes, count: int, options: str
) -> tuple[Any, ...] | None:
    """A plan for any values, the way of older versions."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(b"PREPARE backend_engineer_asked AS " + text)
    try:
        nulls = ", ".join(["NULL"] * count)
        return connection.execute(
            f"EXPLAIN ({options}) EXECUTE backend_engineer_asked({nulls})".encode()
        ).fetchone()
    finally:
        if not connection.closed and connection.info.transaction_status.name != "INERROR":
            connection.execute("DEALLOCATE backend_engineer_asked")


def _first_line(message: str) -> str:
    text = message.strip()
    return text.split("\n")[0].removeprefix("ERROR:").strip()

"""Two queries with the same plan are the same computation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg

from backend_engineer.planner.explain import Node, explain

Connection = psycopg.Connection[tuple[Any, ...]]

_LEFT_OUT = frozenset({"Parallel Aware", "Async Capable", "Disabled", "Subplan Name"})
_WAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("enable_hashjoin", "enable_mergejoin", "enable_hashagg"),
    ("enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"),
    ("enable_nestloop",),
)
"""Settings of the planner that are turned off: what is one plan by one of them may differ by another."""


def have_one_plan(connection: Connection, one: str, other: str) -> bool:
    """Whether the plans of two queries are the same but for names, in any way of planning.

    EXPLAIN does not show LIMIT and OFFSET, so queries that have any are never the same here.
    Raises `NotPlanned` when one is not planned.
    """
    same = False
    for settings in _WAYS:
        connection.execute("BEGIN")
        try:
            for setting in settings:
                connection.execute(f"SET LOCAL {setting} = off".encode())
            plans = [normal(explain(connection, query, verbose=True)) for query in (one, other)]
        finally:
            connection.execute("ROLLBACK")
        same = same or (plans[0] == plans[1] and '"Limit"' not in plans[0])
    return same


def normal(top: Node) -> str:
    """A plan as text, with tables called by what they are and their number."""
    names: dict[str, str] = {}
    seen: dict[str, int] = {}
    for node in _nodes(top):
        alias = node.get("Alias")
        if alias is not None and alias not in names:
            kind = str(
                node.get("Relation Name")
                or node.get("CTE Name")
                or node.get("Function Name")
                or node["Node Type"]
            )
            seen[kind] = seen.get(kind, 0) + 1
            names[alias] = f"{kind}#{seen[kind]}"
    text = json.dumps(_bare(top), sort_keys=True)
    if not names:
        return text
    listed = sorted(map(re.escape, names), key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(listed)})(?=\.|\\?\")")
    return pattern.sub(lambda match: names[match[1]], text)


def _bare(node: Node) -> Node:
    return {
        key: [_bare(child) for child in value] if key == "Plans" else value
        for key, value in node.items()
        if key not in _LEFT_OUT
    }


def _nodes(top: Node) -> Iterator[Node]:
    yield top
    for child in top.get("Plans", ()):
        yield from _nodes(child)

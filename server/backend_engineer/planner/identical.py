"""Two queries with the same plan are the same computation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg

from backend_engineer.planner.explain import Node, explain

Connection = psycopg.Connection[tuple[Any, ...]]

_LEFT_OUT = frozenset({"Parallel Aware", "Async Capable", "Disabled"})
_WAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("enable_hashjoin", "enable_mergejoin", "enable_hashagg"),
    ("enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"),
    ("enable_nestloop",),
)
"""Settings of the planner that are turned off: what is one plan by one of them may differ by another."""
_ZONES = ("UTC", "America/New_York")
_HIDDEN = ('"Limit"', '"Values Scan"', '"Table Function Scan"')
"""Nodes of which EXPLAIN does not show what they do: how many rows, and which values."""
_UNTOLD = re.compile(
    r"\bdistinct\s+on\b|\bcollate\b|\bover\s*[(\w]|\bfetch\b|\blimit\b", re.IGNORECASE
)
"""What plans do not tell in full: the keys of DISTINCT ON, collations, frames of windows."""


def have_one_plan(connection: Connection, one: str, other: str) -> bool:
    """Whether the plans of two queries are the same but for names, in any way of planning.

    Raises `NotPlanned` when one is not planned.
    """
    # Both are planned also when nothing can follow from it: what does not run is to be said.
    untold = any(_UNTOLD.search(query) for query in (one, other))
    for settings in _WAYS[: 1 if untold else None]:
        plans = _plans(connection, settings, _ZONES[0], (one, other))
        if _are_one(plans) and not untold:
            # What looks alike in one time zone may stand for other moments in another.
            others = (_plans(connection, settings, zone, (one, other)) for zone in _ZONES[1:])
            return all(_are_one(plans) for plans in others)
    return False


def _plans(
    connection: Connection, settings: tuple[str, ...], zone: str, queries: tuple[str, str]
) -> list[str]:
    connection.execute("BEGIN")
    try:
        connection.execute(f"SET LOCAL timezone = '{zone}'".encode())
        for setting in settings:
            connection.execute(f"SET LOCAL {setting} = off".encode())
        return [normal(explain(connection, query, verbose=True)) for query in queries]
    finally:
        connection.execute("ROLLBACK")


def _are_one(plans: list[str]) -> bool:
    return plans[0] == plans[1] and not any(hidden in plans[0] for hidden in _HIDDEN)


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

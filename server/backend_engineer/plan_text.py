"""A plan for people: as a tree, in one line, and what stands out in it.

A node is what `EXPLAIN (FORMAT JSON)` gives.  Plans of SQLite have the same shape, with nothing but a
`Node Type`.  Nothing here asks a database: the language server and the command line both print with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from backend_analyzers.oracle import Planned

Node = dict[str, Any]

_DETAILS = (
    *("Index Cond", "Order By", "Recheck Cond", "Hash Cond", "Merge Cond", "TID Cond"),
    *("Join Filter", "Filter", "One-Time Filter", "Sort Key", "Presorted Key", "Group Key"),
    *("Cache Key", "Workers Planned"),
)
_SETUP = {"Plain": "Aggregate", "Hashed": "HashAggregate", "Sorted": "GroupAggregate"}
_WIDEST = 160
"""Characters of one condition that are shown."""

_LARGE = 1_000.0
"""The cost from which reading a whole table stands out: about eight megabytes."""
_KEPT = 0.2
_WORK_MEM = 4 * 1024 * 1024
_HASH_MEM = 2 * _WORK_MEM
"""Bytes that a sort or a hash table may take with PostgreSQL's defaults before it goes to disk."""
_HEADER_BYTES = 24
_INNER = 100.0
_MANY_PARTS = 8


def node_of(planned: Planned) -> Node | None:
    """The top node of a plan that was answered; None when there is none."""
    if not planned.plan:
        return None
    top: Node = json.loads(planned.plan)
    return top


def tree(top: Node, *, costs: bool = True) -> str:
    """The plan as a tree of lines.  Without statistics costs and rows mean nothing: leave them out."""
    return "\n".join(_lines(top, "", "", costs=costs))


def summary(top: Node, *, costs: bool = True) -> str:
    """The step that costs most and the cost of all: `Seq Scan on orders, cost 23,410`."""
    told = label(_heaviest(top))
    if not costs or "Total Cost" not in top:
        return told
    return f"{told}, cost {number(top['Total Cost'])}"


def label(node: Node) -> str:
    """A step by the name that PostgreSQL's own text has for it, with the table it is on."""
    told = _name(node)
    if node.get("Scan Direction") == "Backward":
        told += " Backward"
    relation = node.get("Relation Name")
    if relation is None:
        relation = next((node[k] for k in ("CTE Name", "Function Name") if k in node), None)
    index = node.get("Index Name")
    if index is not None:
        told += f" on {index}" if relation is None else f" using {index}"
    alias = node.get("Alias")
    if relation is not None:
        schema = node.get("Schema", "public")
        shown = relation if schema == "public" else f"{schema}.{relation}"
        told += f" on {shown}{f' {alias}' if alias not in {None, relation} else ''}"
    elif alias is not None and index is None:
        told += f" on {alias}"
    return told


def nodes(top: Node) -> Iterator[Node]:
    """A node and all nodes below it."""
    yield top
    for child in top.get("Plans", ()):
        yield from nodes(child)


def number(value: float) -> str:
    """A cost or a number of rows as people write it: `0.42`, `8.4`, `23,410`."""
    if value >= 100:  # noqa: PLR2004 - three digits are enough
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 or value == round(value, 1) else f"{value:.2f}"  # noqa: PLR2004


def remarks(top: Node) -> tuple[str, ...]:
    """What stands out, for a plan whose costs mean something; the most costly first."""
    found = [
        (float(node.get("Total Cost", 0)), remark)
        for node in _finished(top)
        for remark in _remarks(node)
    ]
    ordered = sorted(found, key=lambda item: -item[0])
    return tuple(dict.fromkeys(remark for _, remark in ordered))


def _finished(top: Node) -> Iterator[Node]:
    """The steps that run to their end: a LIMIT stops what is below it early."""
    yield top
    for child in top.get("Plans", ()):
        stops = top["Node Type"] == "Limit" and top["Total Cost"] < child["Total Cost"] * _KEPT
        if not stops:
            yield from _finished(child)


def _lines(node: Node, first: str, rest: str, *, costs: bool) -> Iterator[str]:
    name = node.get("Subplan Name")
    told = f"{name}: {label(node)}" if name else label(node)
    if costs and "Total Cost" in node:
        rows = node.get("Plan Rows", 0)
        told += f"  (rows {rows:,.0f}, cost {number(node['Total Cost'])})"
    yield first + told
    children = node.get("Plans", ())
    bar = "│  " if children else "   "
    for key in _DETAILS:
        if key in node:
            yield f"{rest}{bar}{key}: {_detail(node[key])}"
    for child in children:
        is_last = child is children[-1]
        mark, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _lines(child, rest + mark, rest + below, costs=costs)


def _detail(value: object) -> str:
    told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    told = " ".join(told.split())
    return told if len(told) <= _WIDEST else f"{told[: _WIDEST - 1]}…"


def _name(node: Node) -> str:
    kind = str(node["Node Type"])
    if kind == "Aggregate":
        kind = _SETUP.get(node.get("Strategy", ""), "MixedAggregate")
        part = node.get("Partial Mode", "Simple")
        kind = kind if part == "Simple" else f"{part} {kind}"
    elif kind == "SetOp":
        hashed = "Hash" if node.get("Strategy") == "Hashed" else ""
        kind = f"{hashed}SetOp {node.get('Command', '')}".strip()
    elif kind == "ModifyTable":
        kind = str(node.get("Operation", kind))
    elif "Join Type" in node and node["Join Type"] != "Inner":
        stem = kind.removesuffix(" Join")
        kind = f"{stem} {node['Join Type']} Join"
    return f"Parallel {kind}" if node.get("Parallel Aware") else kind


def _heaviest(top: Node) -> Node:
    """The step that costs most by itself, without the steps below it."""
    own: list[tuple[float, Node]] = []
    _weigh(top, 1.0, own)
    return max(own, key=lambda item: item[0])[1]


def _weigh(node: Node, times: float, own: list[tuple[float, Node]]) -> None:
    """Add each step with its own share of the cost; `times` is how often it is run to its end."""
    total = float(node.get("Total Cost", 0))
    below = 0.0
    children = node.get("Plans", ())
    for child in children:
        cost = float(child.get("Total Cost", 0))
        share = 1.0
        if node["Node Type"] == "Limit" and cost > 0:
            share = min(1.0, total / cost)
        elif node["Node Type"] == "Nested Loop" and child.get("Parent Relationship") == "Inner":
            share = max(1.0, float(children[0].get("Plan Rows", 1)))
            if cost > 0:
                share = min(share, max(1.0, total / cost))
        below += cost * share
        _weigh(child, times * share, own)
    own.append((max(0.0, total - below) * times, node))


def _remarks(node: Node) -> Iterator[str]:
    kind = node["Node Type"]
    cost = float(node.get("Total Cost", 0))
    rows = float(node.get("Plan Rows", 0))
    size = rows * (float(node.get("Plan Width", 0)) + _HEADER_BYTES)
    if kind == "Seq Scan" and cost >= _LARGE and "Filter" in node and rows < cost * _KEPT:
        yield f"{label(node)} reads the whole table for about {_count(rows)} of its rows"
    if kind == "Sort" and size > _WORK_MEM:
        keys = ", ".join(node.get("Sort Key", ()))
        yield f"Sort by {keys} takes about {_megabytes(size)}: by default more than 4 MB goes to disk"
    if kind == "Hash" and size > _HASH_MEM:
        yield f"Hash takes about {_megabytes(size)}: by default more than 8 MB goes to disk"
    if kind == "Nested Loop":
        yield from _loop_remarks(node)
    if kind in {"Append", "Merge Append"} and len(node.get("Plans", ())) >= _MANY_PARTS:
        yield f"{kind} reads {len(node['Plans'])} parts: no condition leaves fewer partitions"
    if node.get("One-Time Filter") == "false":
        yield "a condition is never true: no rows come of this part"


def _loop_remarks(node: Node) -> Iterator[str]:
    """An inner side that is read anew for each row, where the number of rows may be wrong."""
    outer, inner = node["Plans"][:2]
    is_guess = any(key in outer for key in ("Filter", "Join Filter", "Hash Cond", "Merge Cond"))
    scan = next((n for n in nodes(inner) if n["Node Type"] == "Seq Scan"), None)
    if scan is None or scan["Total Cost"] < _INNER:
        return
    rows = outer["Plan Rows"]
    if rows > 1:
        yield f"Nested Loop runs {label(scan)} for each of about {_count(rows)} rows"
    elif is_guess and inner["Node Type"] != "Materialize":
        yield (
            f"Nested Loop expects one row of {label(outer)}: should more come, "
            f"{label(scan)} is run for each"
        )


def _count(rows: float) -> str:
    return f"{rows:,.0f}"


def _megabytes(size: float) -> str:
    return f"{size / 1_000_000:,.0f} MB"

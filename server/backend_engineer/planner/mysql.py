"""Plans of a real MySQL or MariaDB, when a driver is installed and an address configured."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from typing import Any

from backend_analyzers.sql.parse import parse
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.explain import Node, NotPlanned
from backend_engineer.planner.real import Address, parts

_SECONDS = 5
_QUERIES = frozenset({"select", "insert", "update", "delete"})
_ACCESS = {
    "ALL": "Seq Scan",
    "index": "Full Index Scan",
    "range": "Index Range Scan",
    "ref": "Index Lookup",
    "eq_ref": "Unique Index Lookup",
    "const": "Constant Row",
    "system": "Constant Row",
    "index_merge": "Index Merge",
    "fulltext": "Full-Text Lookup",
}
_VALUE = re.compile(r"\$\d+\b")
_STEPS = (
    ("ordering_operation", "Sort"),
    ("grouping_operation", "Group"),
    ("duplicates_removal", "Distinct"),
    ("windowing", "Window"),
)


def plan(address: Address, query: str, *, seconds: float) -> Node:
    """The plan of one query.  Raises `NotPlanned` and `Unavailable`."""
    statements = parse(query, dialect="mysql")
    if len(statements) != 1 or statements[0].kind not in _QUERIES:
        raise NotPlanned("only single queries are planned in a real database")
    # MySQL explains no statement with values left open; any value has the plan of a guess.
    text = _VALUE.sub("'1'", query.strip().rstrip(";"))
    driver = _driver()
    try:
        connection = driver.connect(
            **parts(address), connect_timeout=_SECONDS, read_timeout=int(seconds) + _SECONDS
        )
    except Exception as error:  # noqa: BLE001 - whatever the driver raises, which repeats the address
        raise Unavailable(
            f"the database of `{address.variable}` cannot be reached ({type(error).__name__}). Check the "
            "variable, or remove `database_url_env` from `[planner]`"
        ) from None
    with contextlib.closing(connection), connection.cursor() as cursor:
        with contextlib.suppress(Exception):  # MariaDB has another name for it
            cursor.execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}")
        cursor.execute("START TRANSACTION READ ONLY")
        try:
            cursor.execute(f"EXPLAIN FORMAT=JSON {text}")
            found = json.loads(cursor.fetchone()[0])
        except Exception as error:  # noqa: BLE001 - said to a person
            raise NotPlanned(str(error.args[-1] if error.args else error)) from None
        finally:
            connection.rollback()
    return node_of(found)


def node_of(document: dict[str, Any]) -> Node:
    """MySQL's JSON as nodes of PostgreSQL's shape."""
    block = document.get("query_block", document)
    node = _block(block)
    cost = block.get("cost_info", {}).get("query_cost", block.get("cost"))
    if cost is not None:
        node["Total Cost"] = float(cost)
    return node


def _block(block: dict[str, Any]) -> Node:
    for key, name in _STEPS:
        if key in block:
            child = _block(block[key])
            if key == "ordering_operation" and not block[key].get("using_filesort"):
                return child
            return _over(name, [child])
    if "union_result" in block:
        parts_of = block["union_result"].get("query_specifications", ())
        return _over("Union", [_block(one.get("query_block", {})) for one in parts_of])
    if "nested_loop" in block:
        tables = [_block(one) for one in block["nested_loop"]]
        return tables[0] if len(tables) == 1 else _over("Nested Loop", tables)
    if "table" in block:
        return _table(block["table"])
    return {"Node Type": str(block.get("message", "Result"))}


def _over(name: str, children: list[Node]) -> Node:
    costs = [child["Total Cost"] for child in children if "Total Cost" in child]
    node: Node = {"Node Type": name, "Plans": children}
    return {**node, "Total Cost": max(costs)} if costs else node


def _table(table: dict[str, Any]) -> Node:
    access = table.get("access_type", "")
    node: Node = {
        "Node Type": _ACCESS.get(access, access or str(table.get("message", "Table"))),
        "Plan Rows": int(table.get("rows_examined_per_scan", table.get("rows", 0))),
    }
    if "table_name" in table:
        node["Relation Name"] = node["Alias"] = table["table_name"]
    if table.get("key"):
        node["Index Name"] = table["key"]
    if table.get("attached_condition"):
        node["Filter"] = table["attached_condition"]
    cost = table.get("cost_info", {}).get("prefix_cost", table.get("cost"))
    if cost is not None:
        node["Total Cost"] = float(cost)
    inner = table.get("materialized_from_subquery")
    if inner:
        node["Plans"] = [_block(inner.get("query_block", {}))]
    return node


def _driver() -> Any:
    try:
        return importlib.import_module("pymysql")
    except ImportError:
        raise Unavailable(
            "a database of MySQL is configured, and its driver is not installed: install `pymysql` "
            "beside backend-engineer, or remove `database_url_env` from `[planner]`"
        ) from None

"""A plan is readable as a tree and in one line, and what stands out in it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend_analyzers.oracle import Planned
from backend_engineer.plan_text import label, node_of, number, remarks, summary, tree
from tests.planner.conftest import DATA

Node = dict[str, Any]


def scan(**more: object) -> Node:
    return {
        "Node Type": "Seq Scan",
        "Relation Name": "orders",
        "Alias": "o",
        "Total Cost": 23410.2,
        "Plan Rows": 12,
        "Plan Width": 40,
        **more,
    }


def over(kind: str, *children: Node, **more: object) -> Node:
    """A step over others."""
    cost = max(child["Total Cost"] for child in children) + 5.0
    rows = children[0]["Plan Rows"]
    base = {"Node Type": kind, "Total Cost": cost, "Plan Rows": rows, "Plan Width": 40}
    return {**base, "Plans": list(children), **more}


def test_a_tree() -> None:
    index = scan(
        **{"Node Type": "Index Scan", "Index Name": "c_pkey", "Relation Name": "c", "Alias": "c"},
        **{"Total Cost": 8.31, "Plan Rows": 1, "Index Cond": "(id = o.customer_id)"},
        **{"Parent Relationship": "Inner"},
    )
    top = over("Nested Loop", scan(Filter="(note ~~ 'å%'::text)"), index, **{"Join Type": "Left"})
    assert tree(top) == (
        "Nested Loop Left Join  (rows 12, cost 23,415)\n"
        "├─ Seq Scan on orders o  (rows 12, cost 23,410)\n"
        "│     Filter: (note ~~ 'å%'::text)\n"
        "└─ Index Scan using c_pkey on c  (rows 1, cost 8.31)\n"
        "      Index Cond: (id = o.customer_id)"
    )


def test_a_tree_without_costs() -> None:
    assert tree(over("Sort", scan(), **{"Sort Key": ["a", "b DESC"]}), costs=False) == (
        "Sort\n│  Sort Key: a, b DESC\n└─ Seq Scan on orders o"
    )


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (scan(), "Seq Scan on orders o"),
        (scan(Alias="orders"), "Seq Scan on orders"),
        (scan(Schema="sales"), "Seq Scan on sales.orders o"),
        (scan(**{"Parallel Aware": True}), "Parallel Seq Scan on orders o"),
        ({"Node Type": "Bitmap Index Scan", "Index Name": "i"}, "Bitmap Index Scan on i"),
        (
            {
                "Node Type": "Index Only Scan",
                "Index Name": "i",
                "Relation Name": "t",
                "Alias": "t",
                "Scan Direction": "Backward",
            },
            "Index Only Scan Backward using i on t",
        ),
        ({"Node Type": "Aggregate", "Strategy": "Plain"}, "Aggregate"),
        (
            {"Node Type": "Aggregate", "Strategy": "Hashed", "Partial Mode": "Partial"},
            "Partial HashAggregate",
        ),
        ({"Node Type": "Hash Join", "Join Type": "Inner"}, "Hash Join"),
        ({"Node Type": "Hash Join", "Join Type": "Anti"}, "Hash Anti Join"),
        ({"Node Type": "Nested Loop", "Join Type": "Semi"}, "Nested Loop Semi Join"),
        ({"Node Type": "CTE Scan", "CTE Name": "x", "Alias": "y"}, "CTE Scan on x y"),
        ({"Node Type": "Subquery Scan", "Alias": "s"}, "Subquery Scan on s"),
        (
            {"Node Type": "ModifyTable", "Operation": "Update", "Relation Name": "t", "Alias": "t"},
            "Update on t",
        ),
        ({"Node Type": "SetOp", "Strategy": "Hashed", "Command": "Except"}, "HashSetOp Except"),
        ({"Node Type": "SEARCH t USING INDEX i (a=?)"}, "SEARCH t USING INDEX i (a=?)"),
    ],
)
def test_a_step_has_the_name_that_postgresql_gives_it(node: Node, expected: str) -> None:
    assert label(node) == expected


def test_a_summary_names_what_costs_most() -> None:
    assert summary(over("Limit", over("Sort", scan()))) == "Seq Scan on orders o, cost 23,420"


def test_a_summary_counts_how_often_the_inner_side_runs() -> None:
    inner = scan(
        **{"Node Type": "Index Scan", "Index Name": "i", "Total Cost": 50.0, "Alias": "x"},
        **{"Parent Relationship": "Inner"},
    )
    outer = scan(**{"Total Cost": 300.0, "Plan Rows": 200})
    top = over("Nested Loop", outer, inner, **{"Total Cost": 10_310.0})
    assert summary(top) == "Index Scan using i on orders x, cost 10,310"


def test_a_summary_of_a_plan_that_stops_early() -> None:
    """A scan that a LIMIT stops is not charged in full."""
    limit = over("Limit", scan(), **{"Total Cost": 3.2})
    assert summary(limit) == "Seq Scan on orders o, cost 3.2"


def test_a_summary_without_statistics_has_no_cost() -> None:
    assert summary(scan(), costs=False) == "Seq Scan on orders o"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.0"),
        (0.42, "0.42"),
        (8.4, "8.4"),
        (8.44, "8.44"),
        (23.456, "23.5"),
        (23410.2, "23,410"),
    ],
)
def test_numbers(value: float, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (
            scan(Filter="(a = 1)"),
            "Seq Scan on orders o reads the whole table for about 12 of its rows",
        ),
        (
            over("Sort", scan(), **{"Sort Key": ["a"], "Plan Rows": 1_000_000}),
            "Sort by a takes about 64 MB: by default more than 4 MB goes to disk",
        ),
        (
            over("Hash", scan(), **{"Plan Rows": 1_000_000}),
            "Hash takes about 64 MB: by default more than 8 MB goes to disk",
        ),
        (
            over("Nested Loop", scan(**{"Plan Rows": 7}), scan(Alias="p")),
            "Nested Loop runs Seq Scan on orders p for each of about 7 rows",
        ),
        (
            over(
                "Nested Loop",
                scan(**{"Plan Rows": 1, "Total Cost": 9, "Filter": "x"}),
                scan(Alias="p"),
            ),
            (
                "Nested Loop expects one row of Seq Scan on orders o: should more come, "
                "Seq Scan on orders p is run for each"
            ),
        ),
        (
            over("Append", *[scan(Alias=f"p{n}") for n in range(9)]),
            "Append reads 9 parts: no condition leaves fewer partitions",
        ),
        (
            scan(**{"Node Type": "Result", "One-Time Filter": "false"}),
            "a condition is never true: no rows come of this part",
        ),
    ],
)
def test_what_stands_out(top: Node, expected: str) -> None:
    assert expected in remarks(top)


@pytest.mark.parametrize(
    "top",
    [
        scan(**{"Total Cost": 20.0, "Filter": "(a = 1)"}),
        scan(),
        scan(Filter="(a = 1)", **{"Plan Rows": 900_000}),
        over("Sort", scan(), **{"Sort Key": ["a"]}),
        over("Nested Loop", scan(**{"Plan Rows": 1}), scan(**{"Total Cost": 2.0})),
        over("Limit", scan(Filter="(a = 1)"), **{"Total Cost": 27.6}),
    ],
)
def test_what_does_not_stand_out(top: Node) -> None:
    """Small tables, a query for most rows, small sorts, scans that stop early."""
    assert remarks(top) == ()


def test_every_plan_of_production_is_printed() -> None:
    plans = json.loads((DATA / "tpch_plans.json").read_text())
    for one in plans.values():
        lines = tree(one["plan"]).splitlines()
        assert len(lines) >= 1
        assert summary(one["plan"])
        assert isinstance(remarks(one["plan"]), tuple)


def test_an_answer_without_a_plan_has_no_tree() -> None:
    assert node_of(Planned("none", error="syntax error")) is None
    assert node_of(Planned("full", json.dumps(scan()), 1.0)) == scan()

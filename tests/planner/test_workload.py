"""A few indexes for many queries: no more than pay for what they cost those who write."""

from __future__ import annotations

from collections.abc import Callable

from backend_engineer.planner.planner import Planner
from backend_engineer.planner.workload import Workload, indexes_for
from tests.planner.conftest import script

SHOP = script("""
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, city text);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL, status text, placed_at timestamptz, total numeric
);
CREATE INDEX orders_customer ON orders (customer_id);
""")


def found(open_planner: Callable[..., Planner], *queries: str, **rows: int) -> Workload:
    with open_planner(rows=rows or {"orders": 5_000_000, "customers": 200_000}) as planner:
        return indexes_for(planner, SHOP, queries)


def labels(workload: Workload) -> list[str]:
    return [one.ddl.partition(" ON ")[2] for one in workload.chosen]


def test_one_index_serves_several_queries(open_planner: Callable[..., Planner]) -> None:
    workload = found(
        open_planner,
        "SELECT * FROM orders WHERE status = $1",
        "SELECT * FROM orders WHERE status = $1 AND placed_at > $2",
        "SELECT * FROM orders WHERE status = $1 ORDER BY placed_at DESC LIMIT 10",
        "SELECT * FROM nowhere",
    )
    assert len(workload.chosen) == 1
    assert workload.chosen[0].candidate.keys[0] == "status"
    assert len(workload.chosen[0].queries) >= 2
    assert workload.planned[3] is None


def test_what_each_query_needs_is_found(open_planner: Callable[..., Planner]) -> None:
    workload = found(
        open_planner,
        "SELECT * FROM customers WHERE email = $1",
        "SELECT * FROM orders ORDER BY total DESC LIMIT 3",
    )
    assert sorted(labels(workload)) == ["customers (email)", "orders (total DESC)"]
    assert all(one.cost_after < one.cost_before for one in workload.chosen)


def test_an_index_that_writes_pay_for_is_not_chosen(open_planner: Callable[..., Planner]) -> None:
    lookup = "SELECT * FROM orders WHERE status = $1"
    insert = "INSERT INTO orders (id, customer_id) VALUES ($1, $2)"
    few = {"orders": 3_000}
    assert labels(found(open_planner, lookup, **few)) == ["orders (status)"]
    assert labels(found(open_planner, lookup, *[insert] * 60, **few)) == []


def test_what_is_there_is_enough(open_planner: Callable[..., Planner]) -> None:
    workload = found(open_planner, "SELECT * FROM orders WHERE customer_id = $1 AND id = $2")
    assert workload.chosen == ()

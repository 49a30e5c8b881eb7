"""`plan` and `planner`: the contract of their output, and what they say when there is nothing to plan."""

from __future__ import annotations

import sqlite3

import pytest

from tests.server.command import Shell

SCHEMA = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total numeric, placed_at timestamptz);
"""
CODE = """
def f(c, i):
    return c.execute(
        "SELECT id, total FROM orders WHERE customer_id = %s ORDER BY placed_at DESC LIMIT 10", (i,)
    )

def g(c, column):
    return c.execute(f"SELECT id FROM orders ORDER BY {column}")

def h(c):
    return c.execute("SELECT id FROM elsewhere")
"""
ROWS = "[planner.rows]\norders = 5_000_000\n"


@pytest.fixture
def shop(shell: Shell) -> Shell:
    shell.write("migrations/1.sql", SCHEMA)
    shell.write("app.py", CODE)
    shell.write("backend-engineer.toml", ROWS)
    return shell


def test_a_query_of_a_file_is_planned(shop: Shell) -> None:
    ran = shop.run("plan", "app.py:4", "--format", "json")
    assert ran.code == 0, ran.err
    found = ran.document
    assert list(found) == ["sql", "dialect", "evidence", "cost", "plan", "advice"]
    assert found["sql"].startswith("SELECT id, total FROM orders WHERE customer_id = $1")
    assert (found["dialect"], found["evidence"]) == ("postgresql", "sizes")
    assert found["cost"] > 50_000
    assert found["plan"]["Node Type"] == "Limit"
    best = found["advice"][0]
    assert list(best) == ["title", "ddl", "edits", "cost_before", "cost_after", "proof"]
    assert best["edits"][0]["path"].startswith("migrations/2")
    assert "CREATE INDEX CONCURRENTLY" in best["edits"][0]["text"]
    assert best["title"] == "Index orders (customer_id, placed_at DESC)"
    assert best["cost_after"] < best["cost_before"] == found["cost"]


def test_the_text_is_for_people(shop: Shell) -> None:
    out = shop.run("plan", "app.py:4").out
    assert "evidence: the sizes of tables alone" in out
    assert "└─" in out
    assert "! Parallel Seq Scan on orders reads the whole table" in out
    assert "* Index orders (customer_id, placed_at DESC): cost" in out


def test_a_typed_query_is_planned(shop: Shell) -> None:
    found = shop.run("plan", "--sql", "select * from orders where id = ?", "--format", "json")
    assert found.document["plan"]["Node Type"] == "Index Scan"
    assert found.document["sql"].endswith("id = $1")


def test_without_statistics_no_cost_is_shown(shop: Shell) -> None:
    shop.write("backend-engineer.toml", "")
    found = shop.run("plan", "app.py:4", "--format", "json").document
    assert (found["evidence"], found["cost"]) == ("none", None)
    assert all(one["cost_before"] is None for one in found["advice"])
    text = shop.run("plan", "app.py:4").out
    assert "cost: not known" in text
    assert "rows" not in text.partition("evidence")[2].partition("\n")[2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("app.py:1",), "there is no query at `app.py:1`; there are queries in lines"),
        (("app.py:8",), "parts of it are put together when it runs"),
        (("app.py:11",), "no schema of this project has `elsewhere`"),
        (("nowhere.py:1",), "`nowhere.py` does not exist"),
        (("app.py",), "expected FILE:LINE"),
        ((), "name a query"),
        (("--sql", "select * from nowhere"), "no schema of this project has `nowhere`"),
        (("--sql", "create table x (id int)"), "expected a query"),
        (("--sql", "nonsense"), "expected a query"),
        (("--sql", ""), "expected a query"),
    ],
)
def test_what_cannot_be_planned_says_why(
    shop: Shell, arguments: tuple[str, ...], error: str
) -> None:
    ran = shop.run("plan", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert error in ran.err


def test_a_query_that_postgresql_refuses(shop: Shell) -> None:
    ran = shop.run("plan", "--sql", "SELECT id + email FROM customers", "--format", "json")
    assert ran.code == 2
    assert "operator does not exist" in ran.document["error"]


def test_a_planner_that_is_turned_off_says_so(shop: Shell) -> None:
    shop.write("backend-engineer.toml", "[planner]\nenabled = false\n")
    ran = shop.run("plan", "app.py:4")
    assert ran.code == 2
    assert "turned off" in ran.err


def test_statistics_that_cannot_be_read_are_named(shop: Shell) -> None:
    shop.write("backend-engineer.toml", '[planner]\nstatistics = "stats.json"\n')
    assert "stats.json` cannot be read" in shop.run("plan", "app.py:4").err
    shop.write("stats.json", "SELECT 1;")
    assert "holds no statistics" in shop.run("plan", "app.py:4").err


def test_sqlite_is_planned_by_sqlite(shell: Shell) -> None:
    shell.write("schema.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, k TEXT);")
    found = shell.run("plan", "--sql", "SELECT * FROM t WHERE k = ?", "--format", "json").document
    assert found["dialect"] == "sqlite"
    assert found["plan"]["Plans"][0]["Node Type"].startswith("SCAN")
    assert sqlite3.sqlite_version


def test_the_export_query_is_printed(shell: Shell) -> None:
    full = shell.run("planner", "statistics").out
    private = shell.run("planner", "statistics", "--no-values", "--heights").out
    assert "histogram_bounds" in full and "bt_metap" not in full
    assert "histogram_bounds" not in private and "most_common" not in private
    assert "bt_metap" in private


def test_the_state_of_the_planner(shop: Shell) -> None:
    found = shop.run("planner", "status", "--format", "json").document
    assert found["available"] is True
    assert found["statistics"] == "declared rows of 1 tables"
    shop.write("backend-engineer.toml", '[planner]\nbinaries = "nowhere"\n')
    ran = shop.run("planner", "status")
    assert ran.code == 1
    assert "`nowhere` has no `postgres`" in ran.out


def test_indexes_for_all_queries(shop: Shell) -> None:
    ran = shop.run("planner", "indexes", "--format", "json")
    (one,) = ran.document["indexes"]
    assert one["queries"] == ["app.py:4"]
    assert "orders (customer_id" in one["ddl"]
    shop.write("backend-engineer.toml", "")
    assert "depends on the size of tables" in shop.run("planner", "indexes").err


def test_without_a_planner_all_else_works(shop: Shell) -> None:
    """It is said once, and what needs no planner is found."""
    shop.write("migrations/2.sql", "CREATE INDEX orders_total ON orders (total);\n")
    shop.write("backend-engineer.toml", '[planner]\nbinaries = "nowhere"\n')
    shop.write("useless.py", "x = 1  # backend: ignore[sql-injection] long gone\n")
    ran = shop.check()
    assert ran.code == 1
    assert ran.err.count("queries are not planned") == 1
    assert "useless-suppression" in {f["rule"] for f in ran.document["findings"]}
    doctor = shop.run("doctor")
    assert "fail planner: `nowhere` has no `postgres`" in doctor.out


def test_doctor_says_which_planner_there_is(shop: Shell) -> None:
    out = shop.run("doctor").out
    assert "ok   planner: PostgreSQL 18" in out
    assert "statistics: declared rows of 1 tables" in out

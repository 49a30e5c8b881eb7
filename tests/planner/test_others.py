"""Dialects other than PostgreSQL, and a PostgreSQL that is too old for statistics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_analyzers.oracle import Advise, Advised, Explain, Planned, Script
from backend_engineer.plan_text import nodes
from backend_engineer.planner import sqlite, translate
from backend_engineer.planner.answers import answer
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.planner import Planner
from tests.planner.conftest import script
from tests.planner.test_shadow import PRODUCTION, SMALL

Open = Callable[..., Planner]
LITE = Script(
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT, n INTEGER)",
        "CREATE INDEX t_n ON t (n)",
        "CREATE TABLE u (id INTEGER PRIMARY KEY, t_id INTEGER)",
    ),
    "sqlite",
)
MINE = Script(
    (
        (
            "CREATE TABLE `orders` (`id` int(11) unsigned NOT NULL AUTO_INCREMENT, "
            "`state` enum('open','done') NOT NULL, `customer` int NOT NULL, `at` datetime(6), `data` json, "
            "PRIMARY KEY (`id`), KEY `by_state` (`state`), FULLTEXT KEY `words` (`data`)) ENGINE=InnoDB"
        ),
        "CREATE TABLE lines (id int PRIMARY KEY, order_id int unsigned, KEY by_state (order_id))",
    ),
    "mysql",
)
OLD = Path("/usr/lib/postgresql/15/bin")


def steps(planned: Planned) -> list[str]:
    return [node["Node Type"] for node in nodes(json.loads(planned.plan))]


@pytest.mark.parametrize(
    ("sql", "step"),
    [
        ("SELECT * FROM t WHERE k = ?", "SCAN t"),
        ("SELECT * FROM t WHERE n = :n", "SEARCH t USING INDEX t_n (n=?)"),
        ("SELECT * FROM t WHERE n = $1 AND k = $2", "SEARCH t USING INDEX t_n (n=?)"),
        ("SELECT * FROM t WHERE id = ?1;", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"),
        ("DELETE FROM t WHERE k = 'ä' -- all", "SCAN t"),
    ],
)
def test_sqlite_plans_for_itself(sql: str, step: str) -> None:
    found = sqlite.plan(LITE, sql, {"t": 100_000})
    assert found.evidence == "sizes"
    assert found.cost is None
    assert step in steps(found)


def test_declared_rows_change_what_sqlite_does() -> None:
    sql = "SELECT * FROM t JOIN u ON u.t_id = t.n"
    one = sqlite.plan(LITE, sql, {"t": 1_000_000, "u": 5})
    assert steps(one)[1] == "SCAN u"
    assert sqlite.plan(LITE, sql, {}).evidence == "none"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT 1; SELECT 2", "one statement"),
        ("nonsense", "syntax error"),
        ("SELECT * FROM nowhere", "no such table"),
    ],
)
def test_what_sqlite_does_not_plan(sql: str, error: str) -> None:
    assert error in sqlite.plan(LITE, sql, {}).error


def test_an_index_that_spares_sqlite_a_scan() -> None:
    found = sqlite.advise(Advise(LITE, "SELECT * FROM t WHERE k = ?"), {"t": 100_000})
    assert found.advice[0].ddl == "CREATE INDEX t_k_idx ON t (k)"
    assert found.advice[0].cost_after is None
    assert sqlite.advise(Advise(LITE, "SELECT * FROM t WHERE n = ?"), {"t": 100_000}).advice == ()


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE '/tmp/be-never.db' AS x",
        "VACUUM INTO '/tmp/be-never.db'",
        "CREATE TABLE e AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c",
        "CREATE TABLE z AS SELECT zeroblob(1000000000)",
        "CREATE VIRTUAL TABLE f USING nonsense(x)",
        "SELECT load_extension('x')",
    ],
)
def test_a_hostile_schema_does_nothing_in_sqlite(statement: str) -> None:
    text = Script((*LITE.statements, statement), "sqlite")
    assert sqlite.plan(text, "SELECT * FROM t", {}).plan
    assert not Path("/tmp/be-never.db").exists()  # noqa: S108 - that it is not there


def test_mysql_is_planned_approximately(open_planner: Open) -> None:
    sql = "SELECT `id` FROM `orders` WHERE `customer` = $1 ORDER BY `at` LIMIT $2, 10"
    with open_planner(rows={"orders": 2_000_000}) as planner:
        found = answer(planner, Advise(MINE, sql))
        plan = answer(planner, Explain(MINE, "SELECT id FROM orders WHERE state = $1"))
    assert isinstance(found, Advised)
    assert found.planned.evidence == "sizes"
    assert found.planned.note.startswith("approximate: planned by PostgreSQL")
    assert found.planned.cost is not None
    assert found.advice[0].title.startswith("Index orders (customer")
    assert "approximate" in found.advice[0].proof
    assert not any("INCLUDE" in one.ddl or "WHERE" in one.ddl for one in found.advice)
    assert isinstance(plan, Planned)
    assert "orders_by_state" in plan.plan


def test_mysql_that_cannot_be_read_is_not_planned(open_planner: Open) -> None:
    with open_planner() as planner:
        found = answer(planner, Explain(MINE, "SELECT FROM WHERE ("))
    assert isinstance(found, Planned)
    assert found.plan == ""
    assert found.error
    with pytest.raises(NotPlanned):
        translate.translated_query("SELECT 1; SELECT 2")


@pytest.mark.skipif(not OLD.exists(), reason="needs PostgreSQL 15")
def test_an_old_postgresql_knows_sizes_only(open_planner: Open) -> None:
    with open_planner(binaries=str(OLD), statistics="tpch_stats.sql") as planner:
        assert planner.cluster.version == 15
        found = answer(
            planner, Advise(PRODUCTION, "SELECT * FROM lineitem WHERE l_receiptdate = $1")
        )
        small = answer(planner, Explain(SMALL, "SELECT * FROM a WHERE id = $1"))
    assert isinstance(found, Advised)
    assert found.planned.evidence == "sizes"
    assert "PostgreSQL 15 takes no statistics of values" in found.planned.note
    assert found.planned.cost is not None and found.planned.cost > 10_000
    assert found.advice[0].title == "Index lineitem (l_receiptdate)"
    assert isinstance(small, Planned)
    assert (small.evidence, small.cost) == ("none", None)


def test_types_of_extensions_that_are_not_here_do_not_cost_a_table(planner: Planner) -> None:
    text = script("""
        CREATE EXTENSION postgis; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION pgcrypto;
        CREATE TABLE places (id uuid DEFAULT uuid_generate_v4() PRIMARY KEY, at geometry(Point, 4326),
          area public.geography NOT NULL, token text DEFAULT encode(gen_random_bytes(8), 'hex')) TABLESPACE fast;
        CREATE INDEX places_token ON places (token) TABLESPACE fast;
    """)
    shadow = planner.shadow(text)
    assert [error.statement for error in shadow.errors] == [0]
    assert shadow.explain("SELECT * FROM places WHERE id = $1")["Node Type"] == "Index Scan"

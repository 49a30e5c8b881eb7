"""The shadow plans as the full database did, and says what its costs rest on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from backend_analyzers.oracle import Advise, Advised, Explain, Planned
from backend_engineer.planner.answers import answer
from backend_engineer.planner.cluster import Cluster
from backend_engineer.planner.explain import explain
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.shadow import shadow
from backend_engineer.planner.statistics import Statistics, parse
from tests.planner.conftest import DATA, script

Node = dict[str, Any]
Open = Callable[..., Planner]

PRODUCTION = script((DATA / "tpch_ddl.sql").read_text())
PLANS: dict[str, Any] = json.loads((DATA / "tpch_plans.json").read_text())
SMALL = script("CREATE TABLE a (id int PRIMARY KEY, x int, t text); CREATE TABLE b (id int);")


def shape(node: Node) -> tuple[object, ...]:
    """What makes two plans the same: the steps, the tables and the indexes."""
    named = ("Node Type", "Relation Name", "Index Name", "Join Type", "Strategy", "Partial Mode")
    return (*(node.get(key) for key in named), *(shape(child) for child in node.get("Plans", ())))


def plans(planner: Planner) -> dict[str, Node]:
    with planner.shadow(PRODUCTION).planning(seconds=30) as connection:
        return {name: explain(connection, one["sql"]) for name, one in PLANS.items()}


@pytest.mark.parametrize("heights", ["tpch_btree_heights.json", ""])
def test_all_plans_are_those_of_production(open_planner: Open, heights: str) -> None:
    """With the true heights of its indexes, and with heights that are estimated."""
    with open_planner(statistics="tpch_stats.sql", btree_heights=heights) as planner:
        found = plans(planner)
    assert [n for n, one in PLANS.items() if shape(found[n]) != shape(one["plan"])] == []
    costs = [found[n]["Total Cost"] / one["plan"]["Total Cost"] for n, one in PLANS.items()]
    assert sorted(costs)[len(costs) // 2] == pytest.approx(1, rel=0.01)


def test_a_shadow_is_kept(open_planner: Open) -> None:
    """The next planner takes up what another one made: nothing is inflated again."""
    with open_planner(statistics="tpch_stats.sql") as planner:
        name = planner.shadow(PRODUCTION).database.name
    with open_planner(statistics="tpch_stats.sql") as planner:
        cluster = planner.cluster
        started = cluster._process
        assert planner.shadow(PRODUCTION).database.name == name
        assert cluster._process is started


@pytest.mark.parametrize("broken", ["trying", "a file that is too short"])
def test_a_shadow_that_was_left_half_way_is_made_anew(open_planner: Open, broken: str) -> None:
    known = {"rows": {"a": 1_000_000}}
    with open_planner(**known) as planner:
        made = planner.shadow(SMALL).database
        with made.connect_as_superuser() as connection:
            if broken == "trying":
                text = '{"errors": [], "state": "trying"}'
                connection.execute(f"COMMENT ON DATABASE {made.name} IS '{text}'")
                connection.execute("CREATE INDEX left_behind ON a (x)")
            else:
                row = connection.execute("SELECT pg_relation_filepath('a')").fetchone()
                assert row is not None
                with (made.cluster.data / row[0]).open("r+b") as file:
                    file.truncate(0)
    with open_planner(**known) as planner:
        top = planner.shadow(SMALL).explain("SELECT * FROM a WHERE x = 1")
    assert top["Node Type"] == "Gather"
    assert top["Total Cost"] > 1000


def test_many_schemas_do_not_pile_up(open_planner: Open) -> None:
    """What was used least is dropped, and made again when it is asked for."""
    scripts = [script(f"CREATE TABLE t{n} (id int);") for n in range(28)]
    with open_planner() as planner:
        for one in scripts:
            planner.shadow(one)
        assert planner.shadow(scripts[0]).explain("SELECT * FROM t0")["Node Type"] == "Seq Scan"
        with planner.cluster.connect() as connection:
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'shadow%'"
            ).fetchall()
    assert len(names) <= 24


@pytest.fixture(scope="module")
def planned(open_planner: Open) -> Callable[..., Planned]:
    """What is answered about a query on two small tables, with some settings."""

    def ask(sql: str, **settings: object) -> Planned:
        with open_planner(**settings) as planner:
            found = answer(planner, Explain(SMALL, sql))
            assert isinstance(found, Planned)
            return found

    return ask


def test_without_statistics_there_is_a_plan_and_no_cost(planned: Callable[..., Planned]) -> None:
    found = planned("SELECT * FROM a")
    assert (found.evidence, found.cost) == ("none", None)
    assert found.plan


def test_declared_rows_are_evidence_of_sizes(planned: Callable[..., Planned]) -> None:
    found = planned("SELECT * FROM a", rows={"a": 5_000_000})
    assert found.evidence == "sizes"
    assert found.cost is not None and found.cost > 50_000


def test_what_is_known_of_another_table_is_no_evidence(planned: Callable[..., Planned]) -> None:
    found = planned("SELECT * FROM b", rows={"a": 5_000_000})
    assert (found.evidence, found.cost) == ("none", None)


def test_a_table_that_nothing_is_known_of_is_named(planned: Callable[..., Planned]) -> None:
    found = planned("SELECT * FROM a JOIN b USING (id)", rows={"a": 5_000_000})
    assert found.evidence == "sizes"
    assert found.note == "nothing is known of the size of `b`: taken for small"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1; DROP TABLE a", "cannot insert multiple commands into a prepared statement"),
        ("ANALYZE SELECT 1", "syntax error"),
        ("SELECT id FRO\0M a WHERE", "syntax error"),
        ("SELECT 'half", "unterminated quoted string"),
        ("", "syntax error"),
    ],
)
def test_what_is_not_planned_says_why(
    planned: Callable[..., Planned], sql: str, error: str
) -> None:
    found = planned(sql)
    assert found.plan == ""
    assert error in found.error


def test_values_stand_for_any(planned: Callable[..., Planned]) -> None:
    found = planned("SELECT x FROM a WHERE id = $1 AND t = $2 LIMIT $3 -- ;", rows={"a": 10_000})
    assert "Index Scan" in found.plan


def _known(collation: str) -> Statistics:
    one = {"schemaname": "public", "relname": "a", "relpages": "20000", "reltuples": "1000000"}
    return Statistics(relations=(one,), collation=collation)  # type: ignore[arg-type]


def test_a_prefix_uses_an_index_only_where_production_sorts_by_bytes(planner: Planner) -> None:
    text = script("CREATE TABLE a (id int, t text); CREATE INDEX a_t ON a (t);")
    query = "SELECT * FROM a WHERE t LIKE 'bob%'"
    cluster: Cluster = planner.cluster
    by_bytes = shadow(cluster, text, _known("C")).explain(query)
    by_language = shadow(cluster, text, _known("other")).explain(query)
    assert "a_t" in json.dumps(by_bytes)
    assert "a_t" not in json.dumps(by_language)


def test_advice_of_a_partitioned_table(open_planner: Open) -> None:
    parts = "".join(
        f"CREATE TABLE e{n} PARTITION OF e FOR VALUES FROM ({n}) TO ({n + 1});" for n in range(3)
    )
    text = script(f"CREATE TABLE e (id int, k int) PARTITION BY RANGE (id);{parts}")
    with open_planner(rows={f"e{n}": 2_000_000 for n in range(3)}) as planner:
        found = answer(planner, Advise(text, "SELECT * FROM e WHERE k = 7"))
    assert isinstance(found, Advised)
    assert found.advice[0].title == "Index e (k)"
    assert found.advice[0].cost_after is not None
    assert found.advice[0].cost_before is not None
    assert found.advice[0].cost_after < found.advice[0].cost_before


def test_pg_dump_says_how_text_is_sorted() -> None:
    call = "SELECT * FROM pg_catalog.pg_restore_relation_stats('relname', 'a', 'relpages', '1');"
    for made, expected in (
        ("CREATE DATABASE x WITH TEMPLATE = template0 LOCALE_PROVIDER = libc LOCALE = 'C';", "C"),
        ("CREATE DATABASE x LOCALE_PROVIDER = libc LOCALE = 'en_US.UTF-8';", "other"),
        ("CREATE DATABASE x LOCALE_PROVIDER = builtin BUILTIN_LOCALE = 'C.UTF-8';", "C"),
        ("CREATE DATABASE x LOCALE_PROVIDER = icu ICU_LOCALE = 'de';", "other"),
        ("", ""),
    ):
        assert parse(f"{made}\n{call}").collation == expected, made

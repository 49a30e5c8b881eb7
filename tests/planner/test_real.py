"""A real database is only read, and its address is never told."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from backend_analyzers.oracle import Advise, Advised, Explain, Planned
from backend_engineer.answering import Answering
from backend_engineer.planner import mysql, real
from backend_engineer.planner.answers import answer
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.cluster import Cluster, cluster
from backend_engineer.planner.explain import NotPlanned
from backend_engineer.planner.planner import Planner
from backend_engineer.settings import PlannerSettings
from tests.planner.conftest import DATA, script

VARIABLE = "A_TEST_DATABASE_URL"
SECRET = "hunter2-and-more"
TEXT = script("CREATE TABLE t (id int PRIMARY KEY, k int); CREATE TABLE draft (id int);")


@pytest.fixture(scope="module")
def production() -> Iterator[Cluster]:
    """A second server, with rows."""
    home = Path(tempfile.mkdtemp(prefix="be-planner-real-"))
    home.chmod(0o711)
    with cluster(home) as running:
        with running.connect() as connection:
            connection.execute("CREATE DATABASE shop")
        with running.connect("shop") as connection:
            connection.execute(
                "CREATE TABLE t (id int PRIMARY KEY, k int);"
                "INSERT INTO t SELECT i, i % 5000 FROM generate_series(1, 200000) i; ANALYZE;"
                "CREATE TABLE seen (by text);"
                "CREATE FUNCTION writes() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO seen VALUES ('a function'); RETURN 1; END $$;"
            )
        yield running
    shutil.rmtree(home)


@pytest.fixture
def address(production: Cluster, monkeypatch: pytest.MonkeyPatch) -> real.Address:
    host = str(production.data).replace("/", "%2F")
    url = f"postgresql+psycopg://postgres:{SECRET}@{host}/shop"
    monkeypatch.setenv(VARIABLE, url)
    return real.Address(VARIABLE)


@pytest.fixture
def planner(open_planner: Callable[..., Planner], address: real.Address) -> Iterator[Planner]:
    with open_planner(database_url_env=address.variable) as made:
        yield made


def rows(production: Cluster) -> tuple[int, int]:
    with production.connect("shop") as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM seen)"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_the_plan_is_that_of_the_database(planner: Planner) -> None:
    found = answer(planner, Explain(TEXT, "SELECT * FROM t WHERE k = $1"))
    assert isinstance(found, Planned)
    assert found.evidence == "full"
    assert found.cost is not None and found.cost > 1000
    assert found.note == f"planned by the database of `{VARIABLE}`"


def test_its_statistics_are_those_of_the_shadow(planner: Planner) -> None:
    found = answer(planner, Advise(TEXT, "SELECT * FROM t WHERE k = 77"))
    assert isinstance(found, Advised)
    assert found.advice[0].title == "Index t (k)"
    assert found.advice[0].cost_after is not None and found.advice[0].cost_after < 200


def test_what_only_the_workspace_declares_is_planned_by_the_shadow(planner: Planner) -> None:
    found = answer(planner, Explain(TEXT, "SELECT * FROM draft"))
    assert isinstance(found, Planned)
    assert found.plan and not found.note.startswith("planned by the database")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t",
        "UPDATE t SET k = 0",
        "INSERT INTO t VALUES (-1, 0)",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "SELECT * FROM t WHERE k = writes()",
    ],
)
def test_nothing_is_changed_by_planning(
    production: Cluster, address: real.Address, sql: str
) -> None:
    with contextlib.suppress(NotPlanned):
        real.plan(address, sql, seconds=5)
    assert rows(production) == (200_000, 0)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM t",
        "SELECT 1; COMMIT; DELETE FROM t",
        "COMMIT",
        "SET TRANSACTION READ WRITE",
        "CREATE TABLE x (a int)",
        "TRUNCATE t",
        "VACUUM",
        "EXPLAIN ANALYZE DELETE FROM t",
        "ANALYZE",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "CALL writes()",
        "COPY t TO PROGRAM 'true'",
        "/* ; */ -- ;\n",
        "",
    ],
)
def test_what_is_no_query_is_not_sent(production: Cluster, address: real.Address, sql: str) -> None:
    with pytest.raises(NotPlanned):
        real.plan(address, sql, seconds=5)
    assert rows(production) == (200_000, 0)


def test_a_transaction_can_only_read(address: real.Address) -> None:
    with real.reading(address, seconds=5) as connection:
        settings = connection.execute(
            "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout'), "
            "current_setting('lock_timeout'), current_setting('application_name')"
        ).fetchone()
        assert settings == ("on", "5s", "500ms", "backend-engineer")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM t")


def test_a_slow_plan_is_stopped(production: Cluster, address: real.Address) -> None:
    with production.connect("shop") as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION slow() RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_sleep(60); RETURN 1; END'"
        )
    with pytest.raises((NotPlanned, Unavailable)):
        real.plan(address, "SELECT * FROM t WHERE k = slow()", seconds=0.3)


def test_a_lock_is_not_waited_for(production: Cluster, address: real.Address) -> None:
    with production.connect("shop") as connection, connection.transaction():
        connection.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises((NotPlanned, Unavailable)):
            real.plan(address, "SELECT * FROM t", seconds=30)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://someone:{SECRET}@127.0.0.1:1/shop", "nothing listens there"),
        (f"postgresql://someone:{SECRET}@no-such-host.invalid/shop", "its host is not known here"),
        (f"postgresql://someone:{SECRET}@[half/shop", "no URL of PostgreSQL"),
        (f"postgresql://someone:{SECRET}@host/shop?nonsense={SECRET}", "no URL of PostgreSQL"),
        (f"oracle://someone:{SECRET}@host/shop", "no URL of PostgreSQL or MySQL"),
        (SECRET, "no URL of PostgreSQL or MySQL"),
        ("", "is not set"),
    ],
)
def test_what_is_wrong_is_said_without_the_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str, said: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(VARIABLE, url)
    settings = PlannerSettings(database_url_env=VARIABLE)
    with Answering(DATA, settings, None) as answering:
        answering.answer([Explain(TEXT, "SELECT * FROM t")])
        assert said in answering.unavailable
        assert VARIABLE in answering.unavailable
        told = answering.unavailable + caplog.text
    assert SECRET not in told
    assert "someone" not in told
    assert VARIABLE in repr(real.Address(VARIABLE))


def test_mysql_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"mysql://someone:{SECRET}@127.0.0.1:1/shop")
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    with pytest.raises(Unavailable, match="install `pymysql`") as raised:
        mysql.plan(real.Address(VARIABLE), "SELECT 1 FROM t", seconds=1)
    assert SECRET not in str(raised.value)


def test_a_plan_of_mysql_has_the_shape_of_others() -> None:
    """As MySQL 8 writes it (manual, 10.8.2)."""
    top = mysql.node_of(
        {
            "query_block": {
                "select_id": 1,
                "cost_info": {"query_cost": "1051.25"},
                "ordering_operation": {
                    "using_filesort": True,
                    "nested_loop": [
                        {
                            "table": {
                                "table_name": "o",
                                "access_type": "ALL",
                                "rows_examined_per_scan": 1000,
                                "cost_info": {"prefix_cost": "101.25"},
                                "attached_condition": "(`o`.`total` > 5)",
                            }
                        },
                        {
                            "table": {
                                "table_name": "c",
                                "access_type": "eq_ref",
                                "key": "PRIMARY",
                                "rows_examined_per_scan": 1,
                                "cost_info": {"prefix_cost": "451.25"},
                            }
                        },
                    ],
                },
            }
        }
    )
    assert (top["Node Type"], top["Total Cost"]) == ("Sort", 1051.25)
    (loop,) = top["Plans"]
    assert [one["Node Type"] for one in loop["Plans"]] == ["Seq Scan", "Unique Index Lookup"]
    assert loop["Plans"][0]["Filter"] == "(`o`.`total` > 5)"
    assert loop["Plans"][1]["Index Name"] == "PRIMARY"

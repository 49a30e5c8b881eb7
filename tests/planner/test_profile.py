"""Dependencies that hold in the rows of a real table, found by counting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend_engineer.planner.cluster import cluster
from backend_engineer.planner.profile import profile
from tests.server.command import Shell

ROWS = """
CREATE TABLE orders (id int PRIMARY KEY, customer int, customer_name text, city text, zip text, note text,
    made timestamptz, flag boolean, body jsonb);
INSERT INTO orders SELECT n, n % 97, 'name ' || n % 97, 'city ' || n % 50 / 10, 'zip ' || n % 50, md5(n::text),
    now(), n % 2 = 0, '{}' FROM generate_series(1, 5000) n;
CREATE TABLE nearly (id int PRIMARY KEY, a int, b text);
INSERT INTO nearly SELECT n, n % 40, CASE WHEN n = 4000 THEN 'other' ELSE 'b' || n % 40 END
    FROM generate_series(1, 5000) n;
CREATE TABLE holes (id int PRIMARY KEY, a int, b text);
INSERT INTO holes SELECT n, NULLIF(n % 40, 0), CASE WHEN n % 80 = 0 THEN 'x' ELSE 'b' || n % 40 END
    FROM generate_series(1, 5000) n;
CREATE TABLE few (id int PRIMARY KEY, a int, b int);
INSERT INTO few SELECT n, n % 10, n % 10 FROM generate_series(1, 50) n;
CREATE SCHEMA "Größe";
CREATE TABLE "Größe"."Maß" (id int PRIMARY KEY, "a ""b" int, "ü" int);
INSERT INTO "Größe"."Maß" SELECT n, n % 40, n % 40 / 4 FROM generate_series(1, 5000) n;
"""


@pytest.fixture(scope="module")
def connection(folder: Path) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with cluster(folder) as running, running.connect() as made:
        made.execute(ROWS)
        made.execute("BEGIN TRANSACTION READ ONLY")
        made.execute("SET LOCAL statement_timeout = 5000")
        yield made


def found(connection: psycopg.Connection[tuple[Any, ...]], table: str) -> list[str]:
    return [
        f"{', '.join(one.left)} -> {', '.join(one.right)} ({one.rows})"
        for one in profile(connection, [table])
    ]


def test_what_depends_on_what(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    assert found(connection, "public.orders") == [
        "customer -> customer_name (5000)",
        "customer_name -> customer (5000)",
        "zip -> city (5000)",
    ]
    assert found(connection, "Größe.Maß") == ['a "b -> ü (5000)']


def test_one_row_says_otherwise(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    assert found(connection, "public.nearly") == ["b -> a (5000)"]


def test_null_is_a_value_here(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    assert "a -> b (5000)" not in found(connection, "public.holes")


def test_few_rows_say_nothing(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    assert found(connection, "public.few") == []


def test_what_cannot_be_read_is_left_out(
    connection: psycopg.Connection[tuple[Any, ...]],
) -> None:
    tables = ["public.missing", "public.orders; DROP TABLE orders", "public.orders"]
    assert len(list(profile(connection, tables))) == 3
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (5000,)


def test_a_sample_of_a_large_table(folder: Path) -> None:
    with cluster(folder) as running, running.connect() as made:
        made.execute(
            "CREATE TEMPORARY TABLE large AS SELECT n % 97 AS a, n % 97 / 9 AS b, n AS c "
            "FROM generate_series(1, 300000) n"
        )
        made.execute("ANALYZE large")
        row = made.execute(
            "SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()"
        ).fetchone()
        assert row is not None
        made.execute("BEGIN TRANSACTION READ ONLY")
        (one,) = profile(made, [f"{row[0]}.large"])
        assert (one.left, one.right) == (("a",), ("b",))
        assert 5_000 < one.rows < 60_000


def test_the_command_line_asks_a_real_database(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path, capsys)
    text = "CREATE TABLE t (id int PRIMARY KEY, zip int, city text);"
    shell.write("schema.sql", text)
    assert shell.run("model", "tables", "--profile").code == 2
    shell.write("backend-engineer.toml", '[planner]\ndatabase_url_env = "REAL_DATABASE"')
    assert shell.run("model", "tables", "--profile").code == 2
    with cluster(folder) as running, running.connect() as made:
        made.execute("DROP TABLE IF EXISTS t")
        made.execute(
            f"{text} INSERT INTO t SELECT n, n % 50, 'c' || n % 10 FROM generate_series(1, 2000) n"
        )
        monkeypatch.setenv(
            "REAL_DATABASE", f"postgresql://postgres@/postgres?host={made.info.host}"
        )
        ran = shell.run("model", "tables", "--profile", "--format", "json")
        made.execute("DROP TABLE t")
    (table,) = json.loads(ran.out)["tables"]
    assert (table["normal_form"], table["rests_on"]) == ("2NF", "data")
    assert table["dependencies"][0]["note"] == "2,000 rows looked at"

"""What a workspace declares can do nothing: not to files, not to the network, not to our time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend_analyzers.oracle import Explain, Planned
from backend_engineer.planner.answers import answer
from backend_engineer.planner.planner import Planner
from tests.planner.conftest import script

BEFORE = "CREATE TABLE legit (id int PRIMARY KEY, t text);"
AFTER = "CREATE TABLE later (id int);"


def within(code: str, declare: str = "") -> str:
    """What PL/pgSQL runs."""
    return f"DO $do$ {declare} BEGIN {code} END $do$;"


# Each needs a right that the workspace does not have, and what is reported says so.
DENIED = {
    "copy to a program": within("EXECUTE $$COPY (SELECT 1) TO PROGRAM 'touch MARK'$$;"),
    "copy to a file": within("EXECUTE $$COPY (SELECT 1) TO 'MARK'$$;"),
    "copy from a file": within("EXECUTE $$COPY legit FROM '/etc/passwd'$$;"),
    "read a file": within("PERFORM pg_read_file('/etc/passwd');"),
    "list a folder": within("PERFORM pg_ls_dir('/');"),
    "import a large object": within("PERFORM lo_import('/etc/passwd');"),
    "export a large object": within("PERFORM lo_export(lo_from_bytea(0, 'x'), 'MARK');"),
    "a function in C": "CREATE FUNCTION c() RETURNS int LANGUAGE c AS '/lib/libc.so.6', 'system';",
    "a function in C from afar": within(
        "EXECUTE $$CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'x', 'y'$$;"
    ),
    "a language": within("EXECUTE $$CREATE LANGUAGE plpython3u$$;"),
    "dblink": "CREATE EXTENSION dblink;",
    "a foreign server": "CREATE EXTENSION postgres_fdw;",
    "a foreign file": "/* x */ CREATE EXTENSION IF NOT EXISTS file_fdw;",
    "an event trigger": within(
        "EXECUTE $$CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'$$;"
        "EXECUTE $$CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION e()$$;"
    ),
    "the system's settings": within("EXECUTE $$ALTER SYSTEM SET log_min_messages = debug1$$;"),
    "another role": within("EXECUTE $$SET ROLE postgres$$;"),
    "a new superuser": within("EXECUTE $$ALTER ROLE workspace SUPERUSER$$;"),
    "a library": within("EXECUTE $$LOAD '$libdir/../../x'$$;"),
    "a setting of superusers": "SET log_statement = 'all';",
    "another database's settings": within(
        "EXECUTE format($$ALTER DATABASE %I SET statement_timeout = 0$$, current_database());"
    ),
    "what we note": within(
        "EXECUTE format($$COMMENT ON DATABASE %I IS 'ready'$$, current_database());"
    ),
    "too much memory": within("t := repeat('x', 1000000000); t := t || t;", "DECLARE t text;"),
    "more and more memory": within(
        "LOOP a := a || repeat('x', 60000000); END LOOP;", "DECLARE a text[] := '{}';"
    ),
    "recursion": (
        "CREATE FUNCTION r(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN r($1 + 1); END';"
        "CREATE TABLE r (a int CHECK (a > r(1)), b int GENERATED ALWAYS AS (r(1)) STORED);"
        "CREATE INDEX ON legit ((id + r(1))) WHERE id > r(2);"
    ),
}

# Each would go on for ever, and is stopped from outside.
ENDLESS = {
    "a loop": within("LOOP END LOOP;"),
    "a loop without a limit": within("SET statement_timeout = 0; LOOP END LOOP;"),
    "a loop that catches": within(
        "LOOP BEGIN LOOP PERFORM pg_sleep(0.01); END LOOP; "
        "EXCEPTION WHEN query_canceled OR OTHERS THEN NULL; END; END LOOP;"
    ),
    "sleep": within("PERFORM pg_sleep(100000);"),
    "rows": within(
        "CREATE TABLE f (t text); LOOP INSERT INTO f SELECT md5(random()::text); END LOOP;"
    ),
    "a large default": "CREATE TABLE d (a int); ALTER TABLE d ADD b int DEFAULT 1;"
    + within("INSERT INTO d SELECT generate_series(1, 1000000000000);"),
}

# Each is left out, or harmless as it is loaded.
IDLE = {
    "a view of many rows": "CREATE MATERIALIZED VIEW m AS SELECT generate_series(1, 1000000000000);",
    "a table of many rows": "CREATE TABLE m AS SELECT generate_series(1, 1000000000000) AS a;",
    "copy": "COPY (SELECT 1) TO PROGRAM 'touch MARK';",
    "a select": "SELECT pg_sleep(100000), lo_export(1, 'MARK');",
    "the system's settings": "-- x\nALTER SYSTEM SET port = 1;",
    "another database": "/* x */ DROP DATABASE postgres;",
    "a role": "CREATE ROLE evil SUPERUSER LOGIN;",
    "load": "LOAD 'auto_explain';",
    "a role's settings": within("ALTER ROLE workspace SET statement_timeout = 0;"),
    "listen": "LISTEN x; NOTIFY x;",
}


@pytest.fixture(scope="module")
def open_folder(folder: Path) -> Path:
    """A folder in which PostgreSQL's user may write."""
    made = folder / "open"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture(scope="module")
def quick(open_planner: Callable[..., Planner]) -> Iterator[Planner]:
    with open_planner(timeout=800) as made:
        yield made


def loaded(planner: Planner, hostile: str, mark: Path) -> tuple[str, ...]:
    """What is said of a statement between two harmless ones, which must be there."""
    statements = script(f"{BEFORE}\n{hostile.replace('MARK', str(mark))}\n{AFTER}")
    started = time.monotonic()
    shadow = planner.shadow(statements)
    assert time.monotonic() - started < 25
    for table in ("legit", "later"):
        assert shadow.explain(f"SELECT * FROM {table}")["Node Type"] == "Seq Scan"
    assert not mark.exists()
    return tuple(error.message for error in shadow.errors)


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_allowed_is_reported(quick: Planner, open_folder: Path, name: str) -> None:
    assert loaded(quick, DENIED[name], open_folder / "mark")


@pytest.mark.e2e
@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_stopped(quick: Planner, open_folder: Path, name: str) -> None:
    assert loaded(quick, ENDLESS[name], open_folder / "mark")


@pytest.mark.parametrize("name", IDLE)
def test_what_is_left_out_does_nothing(quick: Planner, open_folder: Path, name: str) -> None:
    assert loaded(quick, IDLE[name], open_folder / "mark") == ()


def test_settings_of_one_schema_do_not_reach_the_next(quick: Planner, open_folder: Path) -> None:
    loaded(quick, within("ALTER ROLE workspace SET enable_seqscan = off;"), open_folder / "mark")
    other = quick.shadow(script("CREATE TABLE other (id int);"))
    with other.database.connect() as connection:
        row = connection.execute("SHOW enable_seqscan").fetchone()
    assert row == ("on",)


SLEEPING = """
CREATE TABLE legit (id int PRIMARY KEY, t text);
CREATE FUNCTION s() RETURNS int IMMUTABLE LANGUAGE plpgsql SET statement_timeout = 0 AS $$
  BEGIN
    LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
  END $$;
"""


@pytest.mark.e2e
def test_a_function_that_sleeps_while_a_query_is_planned_is_stopped(quick: Planner) -> None:
    text = script(SLEEPING)
    started = time.monotonic()
    found = answer(quick, Explain(text, "SELECT * FROM legit WHERE id = s()"))
    assert isinstance(found, Planned)
    assert found.plan == ""
    assert found.error
    assert time.monotonic() - started < 20
    again = answer(quick, Explain(text, "SELECT * FROM legit WHERE id = 1"))
    assert isinstance(again, Planned) and again.plan


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 1000000000) || repeat('y', 1000000000)",
        "SELECT array_agg(repeat('x', 100000000)) FROM generate_series(1, 100)",
        "SELECT 1; COPY (SELECT 1) TO PROGRAM 'touch /tmp/never'",
        "SELECT pg_sleep(1000)",
        "DELETE FROM legit",
        "EXPLAIN ANALYZE DELETE FROM legit",
        f"SELECT {'(' * 5000}1{')' * 5000}",
        "SELECT " + " + ".join(["1"] * 20_000),
    ],
)
def test_a_hostile_query_is_planned_or_refused(quick: Planner, sql: str) -> None:
    started = time.monotonic()
    found = answer(quick, Explain(script(SLEEPING), sql))
    assert isinstance(found, Planned)
    assert bool(found.plan) != bool(found.error)
    assert time.monotonic() - started < 20


@pytest.mark.e2e
def test_a_flood_of_slow_statements_is_not_loaded_to_its_end(quick: Planner) -> None:
    text = script(BEFORE + within("PERFORM pg_sleep(100);") * 30)
    started = time.monotonic()
    shadow = quick.shadow(text)
    assert time.monotonic() - started < 30
    assert shadow.errors[-1].message == "not loaded: the schema takes too long"
    assert shadow.explain("SELECT * FROM legit")

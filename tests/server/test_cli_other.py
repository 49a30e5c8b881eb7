"""`explain`, `model`, `doctor`, and what starting them costs."""

from __future__ import annotations

import json
import subprocess
import sys

from backend_analyzers.catalog import RULES
from tests.server.command import USELESS, Shell

HEAVY = ("rich", "cyclopts", "sqlglot")


def test_explain_prints_the_page_of_a_rule(shell: Shell) -> None:
    ran = shell.run("explain", "useless-suppression")
    assert ran.code == 0
    assert ran.out.startswith("# useless-suppression\n")


def test_explain_all_has_every_rule(shell: Shell) -> None:
    ran = shell.run("explain", "--all")
    assert ran.code == 0
    for name in RULES:
        assert f"\n## {name}\n" in ran.out


def test_model_shows_tables(shell: Shell) -> None:
    shell.write(
        "schema.sql",
        "CREATE TABLE customers (id bigint PRIMARY KEY);\n"
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers);\n"
        "CREATE INDEX orders_customer ON orders (customer);\n",
    )
    tables = json.loads(shell.run("model", "tables", "--format", "json").out)["tables"]
    assert [table["table"] for table in tables] == ["customers", "orders"]
    assert tables[1]["path"] == "schema.sql"
    assert tables[1]["range"]["start"] == {"line": 1, "character": 0}
    assert tables[1]["primary_key"] == ["id"]
    assert tables[1]["foreign_keys"][0]["columns"] == ["customer"]
    assert "orders_customer" in [index["name"] for index in tables[1]["indexes"]]
    shown = shell.run("model", "tables").out
    assert "schema.sql:2" in shown
    assert "2 tables" in shown


def test_model_shows_the_form_and_the_size_of_tables(shell: Shell) -> None:
    shell.write(
        "schema.sql",
        "-- fd: zip -> city\nCREATE TABLE t (id int PRIMARY KEY, zip text, city text);",
    )
    shell.write("backend-engineer.toml", "[planner.rows]\nt = 5_000")
    (table,) = json.loads(shell.run("model", "tables", "--format", "json").out)["tables"]
    assert (table["source"], table["rows"], table["current"]) == ("sql", 5000, True)
    assert (table["normal_form"], table["rests_on"]) == ("2NF", "comment")
    assert "CREATE TABLE zips" in table["decomposition"]
    assert "2NF" in shell.run("model", "tables").out


def test_model_draws_tables(shell: Shell) -> None:
    shell.write("schema.sql", "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t);")
    drawn = shell.run("model", "tables", "--format", "mermaid")
    assert (drawn.code, drawn.out.splitlines()[0]) == (0, "erDiagram")
    assert '"t" |o..o{ "t" : "up"' in drawn.out
    assert shell.run("model", "routes", "--format", "mermaid").code == 2


def test_model_shows_routes(shell: Shell) -> None:
    shell.write(
        "app.py",
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
        '@app.get("/orders/{number}")\ndef order(number: int):\n    return number\n',
    )
    (route,) = json.loads(shell.run("model", "routes", "--format", "json").out)["routes"]
    assert (route["methods"], route["route"]) == (["GET"], "/orders/{number}")
    assert (route["handler"], route["path"]) == ("order", "app.py")
    assert "/orders/{number}" in shell.run("model", "routes").out


def test_model_shows_queries(shell: Shell) -> None:
    shell.write("q.sql", "SELECT id FROM orders;\n")
    (query,) = json.loads(shell.run("model", "queries", "--format", "json").out)["queries"]
    assert (query["kinds"], query["tables"], query["path"]) == (["select"], ["orders"], "q.sql")
    assert "SELECT id FROM orders" in shell.run("model", "queries").out


def test_doctor_finds_a_healthy_installation_well(shell: Shell) -> None:
    shell.write("backend-engineer.toml", "jobs = 2\n")
    ran = shell.run("doctor")
    assert ran.code == 0, ran.out
    assert "fail" not in ran.out
    for said in ("Python:", "grammar sql: loads", "cache:", "git version", '{"jobs":2}', "log:"):
        assert said in ran.out


def test_doctor_says_what_is_wrong(shell: Shell) -> None:
    shell.write("backend-engineer.toml", 'jobs = "many"\ncache = "file"\n')
    shell.write("file", "")
    ran = shell.run("doctor")
    assert ran.code == 1
    assert "line 1, column 1: `jobs`" in ran.out
    assert "is not writable" in ran.out


def test_the_language_server_starts_without_what_it_does_not_need() -> None:
    code = (
        "import sys, backend_engineer.__main__, backend_engineer.lsp.server\n"
        f"print(*[m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_cache_is_kept_where_the_settings_say(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    shell.write("backend-engineer.toml", 'cache = ".kept"')
    shell.run("check")
    assert list((shell.folder / ".kept").iterdir())
    shell.write("backend-engineer.toml", 'cache = ".other"')
    shell.run("check", "--no-cache")
    assert not (shell.folder / ".other").exists()

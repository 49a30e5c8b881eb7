"""Every byte of a query is mapped to the bytes that wrote it."""

import pytest

from backend_analyzers.facts.queries import HOLE, Query, queries
from backend_analyzers.source import Edit
from backend_analyzers.sources import Open
from backend_analyzers.workspace import Workspace

PYTHON = "import psycopg\ndef f(c: psycopg.Connection, x, y):\n"
TYPESCRIPT = 'import { Pool } from "pg";\nconst pool = new Pool();\n'


def one(path: str, text: str) -> tuple[Workspace, Query]:
    workspace = Workspace.of({path: text})
    (found,) = workspace.each(queries)[path]
    return workspace, found


def written(workspace: Workspace, query: Query, part: str) -> str:
    """What the host has where a part of the SQL comes from."""
    start = query.text.encode().index(part.encode())
    span = workspace.span(query.place(start, start + len(part.encode())))
    return workspace.files[span.path].file().source(span.start, span.end)


def can_edit(query: Query, part: str) -> bool:
    start = query.text.encode().index(part.encode())
    return query.is_written(start, start + len(part.encode()))


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ('c.execute("SELECT größe FROM waren")', "SELECT größe FROM waren"),
        ("c.execute('''\n  SELECT größe\n  FROM waren''')", "\n  SELECT größe\n  FROM waren"),
        ('c.execute("SELECT \\"größe\\" FROM waren")', 'SELECT "größe" FROM waren'),
        ('c.execute("SELECT a\\n, größe FROM waren")', "SELECT a\n, größe FROM waren"),
        ('c.execute("SELECT a, " "größe FROM waren")', "SELECT a, größe FROM waren"),
        ('c.execute("SELECT a, " + "größe FROM waren")', "SELECT a, größe FROM waren"),
        ('c.execute(f"SELECT {x}, größe FROM waren")', f"SELECT {HOLE}, größe FROM waren"),
        ('c.execute("SELECT %s, größe FROM waren" % x)', f"SELECT {HOLE}, größe FROM waren"),
        ('c.execute("SELECT {}, größe FROM waren".format(x))', f"SELECT {HOLE}, größe FROM waren"),
        ('q = "SELECT größe "\n    q += "FROM waren"\n    c.execute(q)', "SELECT größe FROM waren"),
        ('c.execute("SELECT größe FROM waren WHERE a = %s", (x,))', None),
    ],
)
def test_python(code: str, sql: str | None) -> None:
    workspace, query = one("a.py", f"{PYTHON}    {code}\n")

    assert sql is None or query.text == sql
    assert written(workspace, query, "größe") == "größe"
    assert written(workspace, query, "waren") == "waren"
    assert can_edit(query, "größe")


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("pool.query(`SELECT größe\n  FROM waren`)", "SELECT größe\n  FROM waren"),
        ("pool.query(`SELECT ${x}, größe FROM waren`)", f"SELECT {HOLE}, größe FROM waren"),
        ("pool.query('SELECT \\'a\\', größe FROM waren')", "SELECT 'a', größe FROM waren"),
        ("pool.query('SELECT a, ' + 'größe FROM waren')", "SELECT a, größe FROM waren"),
        (
            "sql`SELECT größe FROM waren WHERE a = ${x}`",
            f"SELECT größe FROM waren WHERE a = {HOLE}",
        ),
    ],
)
def test_typescript(code: str, sql: str) -> None:
    workspace, query = one("a.ts", f"{TYPESCRIPT}export function f(x) {{\n  return {code};\n}}\n")

    assert query.text == sql
    assert written(workspace, query, "größe") == "größe"
    assert written(workspace, query, "waren") == "waren"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ('c.execute("SELECT a, " "b FROM t")', "a, b"),
        ('c.execute("SELECT a\\t, b FROM t")', "a\t, b"),
        ('c.execute(f"SELECT a, {x} FROM t")', f"a, {HOLE}"),
        (f'c.execute(f"SELECT a, {{{"x" * (len(HOLE) - 2)}}} FROM t")', HOLE),
    ],
    ids=["two literals", "an escape", "a hole", "a hole of the same size"],
)
def test_what_is_not_written_cannot_be_edited(code: str, part: str) -> None:
    _, query = one("a.py", f"{PYTHON}    {code}\n")

    assert not can_edit(query, part)
    assert can_edit(query, "FROM t")


def test_a_call_says_how_a_query_is_run() -> None:
    text = (
        f'{PYTHON}    c.execute("SELECT a FROM t WHERE a = %s", (x,))\n    y = "SELECT b FROM t"\n'
    )
    run, not_run = Workspace.of({"a.py": text}).each(queries)["a.py"]

    assert run.executed
    assert run.has_parameters
    assert not not_run.executed


def test_statements_and_views_of_a_sql_file() -> None:
    text = (
        "CREATE TABLE t (a int);\n"
        "CREATE INDEX ON t (a);\n"
        "SELECT a FROM t;\n"
        "CREATE VIEW v AS SELECT a FROM t;\n"
        "UPDATE t SET a = 1;"
    )
    found = Workspace.of({"a.sql": text}).each(queries)["a.sql"]

    assert [query.text.split()[0] for query in found] == ["SELECT", "CREATE", "UPDATE"]


def test_unchanged_queries_stay_the_same_object() -> None:
    text = f'{PYTHON}    c.execute("SELECT a FROM t")\n\ndef g():\n    return 1\n'
    before = Workspace.of({"a.py": text})
    (query,) = before.each(queries)["a.py"]
    end = len(text.encode())
    edited = before.files["a.py"].file().edited((Edit(end - 2, end - 1, b"2"),))
    (after,) = before.updated({"a.py": Open(edited)}).each(queries)["a.py"]

    assert after is query

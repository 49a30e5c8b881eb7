"""Queries as the planner takes them."""

import pytest

from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.workspace import Workspace

SCHEMA = "CREATE TABLE orders (id bigint PRIMARY KEY, state text, total int, note text);"


def planned(code: str, path: str = "app.py") -> list[Plannable]:
    workspace = Workspace.of({"migrations/1.sql": SCHEMA, path: code})
    return list(workspace.fact(plannable).get(path, ()))


@pytest.mark.parametrize(
    ("code", "sql", "values"),
    [
        ("SELECT * FROM orders WHERE id = %s", "SELECT * FROM orders WHERE id = $1", ("%s",)),
        (
            "SELECT id FROM orders WHERE id = %(i)s OR total = %(i)s AND note LIKE 'a%%'",
            "SELECT id FROM orders WHERE id = $1 OR total = $1 AND note LIKE 'a%'",
            ("%(i)s",),
        ),
        (
            "SELECT id FROM orders WHERE id = $2",
            "SELECT id FROM orders WHERE id = $2",
            ("$1", "$2"),
        ),
        ("SELECT id FROM orders WHERE id IN %s", "SELECT id FROM orders WHERE id IN ($1)", ("%s",)),
        (
            "SELECT id FROM orders WHERE id = :id AND total > :t LIMIT :id",
            "SELECT id FROM orders WHERE id = $1 AND total > $2 LIMIT $1",
            (":id", ":t"),
        ),
    ],
)
def test_values_become_numbers(code: str, sql: str, values: tuple[str, ...]) -> None:
    (one,) = planned(f'import psycopg\npsycopg.connect("").execute("""{code}""", x)\n')

    assert one.sql == sql
    assert one.values == values
    assert one.home.folder == "migrations"


def test_a_part_that_is_no_value_leaves_a_query_out() -> None:
    code = 'def f(c, x):\n    c.execute(f"SELECT id FROM orders ORDER BY {x}")\n'
    value = 'def f(c, x):\n    c.execute(f"SELECT id FROM orders WHERE total > {x}")\n'

    assert planned(code) == []
    assert [one.sql for one in planned(value)] == ["SELECT id FROM orders WHERE total > $1"]


def test_a_query_of_tables_that_nobody_declares_is_left_out() -> None:
    assert planned('Q = "SELECT id FROM elsewhere WHERE id = %s"') == []


def test_another_text_is_written_back_with_the_placeholders_of_the_host() -> None:
    (one,) = planned('Q = "SELECT id FROM orders WHERE id = %s AND total = %s"')
    (named,) = planned('Q = "SELECT id FROM orders WHERE id = %(a)s AND total = %(b)s"')

    assert one.written_back("SELECT 1 WHERE $1 > $2") == "SELECT 1 WHERE %s > %s"
    assert one.written_back("SELECT $1 LIKE 'a%' WHERE $2") == "SELECT %s LIKE 'a%%' WHERE %s"
    assert one.written_back("SELECT 1 WHERE $2 > $1") is None
    assert one.written_back("SELECT 1 WHERE $1 > $1") is None
    assert (
        named.written_back("SELECT 1 WHERE $2 > $1 + $1") == "SELECT 1 WHERE %(b)s > %(a)s + %(a)s"
    )


def test_a_statement_of_a_sql_file_is_planned_too() -> None:
    (one,) = planned("-- the große one\nSELECT id FROM orders WHERE note = 'ä%%';", "report.sql")

    assert one.sql == "SELECT id FROM orders WHERE note = 'ä%%'"


def test_ranges_lead_back_to_the_query() -> None:
    (one,) = planned(
        "Q = \"SELECT id FROM orders WHERE note LIKE 'a%%' AND id = %s AND total = 1\""
    )
    start = one.sql.index("id = $1")

    found = one.host_range(start, start + len("id = $1"))
    assert found is not None
    assert one.query.source(*found) == "id = %s"
    assert one.host_range(start + 6, start + 7) is None
    assert one.host_range(0, len(one.sql)) == (0, len(one.query.text))

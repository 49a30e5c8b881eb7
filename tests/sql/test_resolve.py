"""Names against a schema: ``name=state`` for every table and column of a query."""

import pytest

from backend_analyzers.sql.expand import index_name, star_expansion
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.resolve import output_column, resolve
from backend_analyzers.sql.schema import Schema

SCHEMA = apply(
    Schema(),
    parse_ddl(
        "CREATE TABLE users (id int PRIMARY KEY, name text, email text NOT NULL);"
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total int, email text);"
        'CREATE TABLE "Mixed" ("Id" int, "order" int);'
        "CREATE TABLE hidden AS SELECT * FROM elsewhere;"
        "CREATE TABLE audit.log (id int);"
    ),
    "schema.sql",
)


def states(text: str, schema: Schema = SCHEMA) -> str:
    (statement,) = parse(text)
    found = resolve(statement, schema)
    names = [ref.name for ref in statement.tables]
    tables = [f"{n}={s.state}" for n, s in zip(names, found.tables, strict=True)]
    names = [".".join((*ref.qualifier, ref.name)) for ref in statement.columns]
    columns = [f"{n}={s.state}" for n, s in zip(names, found.columns, strict=True)]
    return " ".join(
        word for word in (*tables, *columns) if not word.endswith(("=table", "=column"))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id, name FROM users", ""),
        ("SELECT nam FROM users", "nam=missing"),
        ("SELECT id FROM usrs", "usrs=missing id=unknown"),
        ("SELECT u.nam, u.id FROM users u", "u.nam=missing"),
        ("SELECT x.id FROM users u", "x.id=unbound"),
        ("SELECT users.id FROM users u", "users.id=unbound"),
        ("SELECT id FROM users, orders", "id=ambiguous"),
        ("SELECT id FROM users JOIN orders USING (id)", ""),
        ("SELECT name, total FROM users NATURAL JOIN orders", ""),
        ("SELECT anything FROM hidden", "anything=unknown"),
        ("SELECT name FROM users, hidden", "name=unknown"),
        ("SELECT id FROM audit.log", ""),
        ("SELECT id FROM log", ""),
        ("SELECT id FROM other.things", "things=unknown id=unknown"),
        ("SELECT table_name FROM information_schema.tables", "tables=system table_name=unknown"),
        ("SELECT relname FROM pg_class", "pg_class=system relname=unknown"),
        ("SELECT ctid, xmin FROM users", "ctid=system xmin=system"),
        ("SELECT u FROM users u", "u=row"),
        ("SELECT row_to_json(users) FROM users", "users=row"),
        ("SELECT name AS n FROM users ORDER BY n", "n=output"),
        (
            "SELECT count(*) AS n FROM users GROUP BY name HAVING count(*) > 1 ORDER BY n",
            "n=output",
        ),
        ("SELECT (SELECT total FROM orders WHERE user_id = name) FROM users", ""),
        ("SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE nope = 1)", "nope=missing"),
        ("SELECT q.id, q.nope FROM (SELECT id FROM users) q", "q.id=derived q.nope=missing"),
        ("SELECT q.nope FROM (SELECT * FROM users) q", "q.nope=missing"),
        ("SELECT q.nope FROM (SELECT * FROM hidden) q", "q.nope=unknown"),
        ("SELECT x FROM (SELECT id FROM users) q (x)", "x=derived"),
        ("SELECT nope FROM (SELECT 1 + 1) q", "nope=unknown"),
        ("SELECT 1 FROM users, (SELECT name AS x FROM orders) q", "name=missing"),
        ("SELECT 1 FROM users, LATERAL (SELECT name AS x FROM orders) q", ""),
        (
            "WITH q AS (SELECT id AS k FROM users) SELECT k, nope FROM q",
            "q=cte k=derived nope=missing",
        ),
        ("WITH q (a) AS (SELECT id FROM users) SELECT a FROM q", "q=cte a=derived"),
        (
            "WITH RECURSIVE r AS (SELECT id FROM users UNION SELECT id FROM r) SELECT id, no FROM r",
            "r=cte r=cte id=derived id=derived no=missing",
        ),
        ("SELECT g FROM generate_series(1, 3) g", "g=unknown"),
        ("SELECT a, b FROM json_to_recordset('[]') AS x(a int, b text)", "a=derived b=derived"),
        ("SELECT id FROM users UNION SELECT total FROM orders ORDER BY id", "id=output"),
        ("INSERT INTO users (id, nope) VALUES (1, 2)", "nope=missing"),
        ("INSERT INTO users (id) SELECT user_id FROM orders", ""),
        (
            "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            "excluded.name=unknown",
        ),
        ("UPDATE users SET email = orders.email FROM orders WHERE user_id = users.id", ""),
        ("UPDATE users SET nope = 1", "nope=missing"),
        ("DELETE FROM users USING orders WHERE users.id = user_id RETURNING name", ""),
        ('SELECT "Id" FROM "Mixed"', ""),
        ('SELECT Id FROM "Mixed"', "id=missing"),
        ("SELECT id FROM Mixed", "mixed=missing id=unknown"),
        ("SELECT nope FROM users {more}", "nope=unknown"),
        ("SELECT nope FROM users WHERE", "nope=unknown"),
        ("SELECT DISTINCT ON (name) name FROM users ORDER BY name, id", ""),
        ("SELECT rank() OVER w, nope FROM users WINDOW w AS (ORDER BY name)", "nope=missing"),
        ("SELECT now(), current_date, true FROM users", ""),
    ],
)
def test_resolution(text: str, expected: str) -> None:
    assert states(text) == expected


def test_nothing_is_missing_when_the_schema_may_be_incomplete() -> None:
    assert states("SELECT id FROM usrs", Schema()) == "usrs=unknown id=unknown"
    partial = apply(SCHEMA, parse_ddl("DO $$ BEGIN EXECUTE x; END $$"), "m.sql")
    assert states("SELECT nope FROM users", partial) == "nope=unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM users", "id, name, email"),
        ("SELECT u.* FROM users u, hidden", "u.id, u.name, u.email"),
        ("SELECT * FROM users u, audit.log", "u.id, u.name, u.email, log.id"),
        ('SELECT * FROM "Mixed"', '"Id", "order"'),
        ("SELECT * FROM hidden", None),
        ("SELECT * FROM users JOIN orders USING (id)", None),
        ("SELECT * FROM (SELECT id FROM users) q", None),
    ],
)
def test_star_expansion(text: str, expected: str | None) -> None:
    (statement,) = parse(text)
    assert star_expansion(statement, statement.stars[0], SCHEMA) == expected


def test_the_column_of_a_subquery_is_traced_to_its_table() -> None:
    (statement,) = parse("SELECT 1 FROM users WHERE id NOT IN (SELECT o.user_id FROM orders o)")
    (predicate,) = statement.predicates
    assert predicate.right is not None and predicate.right.subquery is not None
    column = output_column(statement, SCHEMA, predicate.right.subquery, 0)
    assert column is not None
    assert (column.name, column.nullable) == ("user_id", True)


def test_index_names_fit() -> None:
    assert index_name("orders", ["user_id", "at"]) == "orders_user_id_at_idx"
    assert len(index_name("é" * 40, ["b" * 40]).encode()) <= 63

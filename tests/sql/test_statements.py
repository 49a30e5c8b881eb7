"""Statements: text in, a short description of what was found out."""

import pytest

from backend_analyzers.sql.parse import dialect_of, looks_like_sql, parse
from backend_analyzers.sql.statement import Statement


def described(statement: Statement) -> str:
    """``tables | columns`` as one line: name[=alias][!][@scope] and [qualifier.]name:clause[@scope]."""
    tables = []
    for ref in statement.tables:
        name = f"{ref.schema}.{ref.name}" if ref.schema else ref.name
        alias = f"={ref.alias}" if ref.alias else ""
        cte = "~" if ref.cte is not None else ""
        write = "!" if ref.role == "write" else ""
        tables.append(f"{cte}{name}{alias}{write}{f'@{ref.scope}' if ref.scope else ''}")
    columns = []
    for column in statement.columns:
        name = ".".join((*column.qualifier, column.name))
        columns.append(f"{name}:{column.clause}{f'@{column.scope}' if column.scope else ''}")
    return f"{' '.join(tables)} | {' '.join(columns)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id, u.name FROM users u", "users=u | id:select u.name:select"),
        (
            "SELECT 1 FROM a LEFT JOIN s.b AS x ON x.i = a.i WHERE a.z > 1",
            "a s.b=x | x.i:join a.i:join a.z:where",
        ),
        ("SELECT 1 FROM a JOIN b USING (id), c NATURAL JOIN d", "a b c d | id:join"),
        (
            "WITH q AS (SELECT a FROM t) SELECT q.a FROM q, t",
            "t@1 ~q t | a:select@1 q.a:select",
        ),
        (
            "WITH users AS (SELECT id FROM users) SELECT id FROM users",
            "users@1 ~users | id:select@1 id:select",
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT n FROM r",
            "~r@3 ~r | n:select@3 n:select",
        ),
        (
            "SELECT (SELECT max(x) FROM b WHERE b.i = a.i) FROM a",
            "a b@1 | x:select@1 b.i:where@1 a.i:where@1",
        ),
        (
            "SELECT l.x FROM a, LATERAL (SELECT b.x FROM b WHERE b.a = a.id) l",
            "a b@1 | b.x:select@1 b.a:where@1 a.id:where@1 l.x:select",
        ),
        (
            "SELECT a FROM t UNION SELECT b FROM u ORDER BY a",
            "t@1 u@2 | a:select@1 b:select@2 a:order",
        ),
        (
            "UPDATE t SET a = s.b, c = c + 1 FROM s WHERE s.id = t.id RETURNING t.a",
            "t! s | a:set s.b:set c:set c:set s.id:where t.id:where t.a:returning",
        ),
        ("DELETE FROM t USING u WHERE t.id = u.id", "t! u | t.id:where u.id:where"),
        (
            "INSERT INTO t (a, b) SELECT x, y FROM u",
            "t! u@1 | a:insert b:insert x:select@1 y:select@1",
        ),
        (
            "INSERT INTO t AS n (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING id",
            "t=n! | a:insert a:conflict a:set excluded.a:set id:returning",
        ),
        ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a", "t | a:order a:select b:select a:order"),
        (
            "SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t WINDOW w AS (PARTITION BY c)",
            "t | a:select b:select c:window",
        ),
        ('SELECT "Weird ""Name" FROM "Users"', 'Users | Weird "Name:select'),
        ("SELECT a FROM t WHERE b = CAST(c AS numeric(3, 1))", "t | a:select b:where c:where"),
        ("SELECT nom FROM élèves é WHERE é.âge > 3 -- ça va", "élèves=é | nom:select é.âge:where"),
        ("EXPLAIN ANALYZE SELECT a FROM t", "t | a:select"),
        ("SELECT a FROM t;\r\n", "t | a:select"),
    ],
)
def test_names(text: str, expected: str) -> None:
    (statement,) = parse(text)
    assert described(statement) == expected
    assert statement.complete
    raw = text.encode()
    for ref in statement.tables:
        written = raw[ref.name_start : ref.name_end].decode().strip('"').replace('""', '"')
        assert written.lower() == ref.name.lower()
    for column in statement.columns:
        written = raw[column.name_start : column.name_end].decode().strip('"').replace('""', '"')
        assert written.lower() == column.name.lower()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1", "column = constant"),
        ("date(a) = $1", "function:date = parameter"),
        ("a::date >= %s", "cast:date >= parameter"),
        ("CAST(a AS date) = ?", "cast:date = parameter"),
        ("extract(year FROM a) = 2024", "function:extract = constant"),
        ("a + 1 = 5", "arithmetic:+ = constant"),
        ("coalesce(a, 0) = :value", "function:coalesce = parameter"),
        ("substr(a, 1, 3) = 'abc'", "function:substr = constant"),
        ("lower(a) = lower($1)", "function:lower = function:lower"),
        ("a || b = 'x'", "arithmetic:|| = constant"),
        ("a ->> 'k' = 'x'", "expression:->> = constant"),
        ("a LIKE '%x'", "column like constant leading"),
        ("a NOT ILIKE 'x%'", "column not ilike constant"),
        ("a IN (1, 2)", "column in list"),
        ("a IN %s", "column in parameter"),
        ("a NOT IN (SELECT b FROM u)", "column not in subquery"),
        ("a IS NOT NULL", "column is not null"),
        ("a = NULL", "column = null"),
        ("a BETWEEN 1 AND 2", "column between constant"),
        ("a IS DISTINCT FROM 1", "column is distinct from constant"),
        ("a = ANY($1)", "column = any"),
        ("a != 1", "column <> constant"),
        ("(a, b) = (1, 2)", "row = row"),
        ("a > now() - interval '1 day'", "column > arithmetic:-"),
        ("NOT (a = 1 OR b = 2)", "column = constant maybe, column = constant maybe"),
        ("a = 1 AND (b = 2 AND c = 3)", "column = constant, column = constant, column = constant"),
    ],
)
def test_predicates(text: str, expected: str) -> None:
    (statement,) = parse(f"SELECT 1 FROM t WHERE {text}")
    found = []
    for predicate in statement.predicates:
        sides = [predicate.left, *([predicate.right] if predicate.right else [])]
        words = [
            side.kind + (f":{side.name}" if side.name and side.kind != "any" else "")
            for side in sides
        ]
        line = f"{words[0]} {predicate.operator} {' '.join(words[1:])}".strip()
        line += " leading" if predicate.leading_wildcard else ""
        found.append(line + ("" if predicate.conjunct else " maybe"))
    assert ", ".join(found) == expected
    assert statement.complete


def test_a_wrapped_column_can_be_rewritten() -> None:
    text = "SELECT id FROM t WHERE date(é.created_at) = $1"
    (predicate,) = parse(text)[0].predicates
    raw = text.encode()
    (argument,) = predicate.left.arguments
    assert raw[predicate.start : predicate.end].decode() == "date(é.created_at) = $1"
    assert argument.text == "é.created_at"
    assert predicate.right is not None and predicate.right.fixed
    assert raw[predicate.operator_start : predicate.operator_end] == b"="


@pytest.mark.parametrize(
    ("text", "stars", "limit"),
    [
        ("SELECT * FROM t", ["*"], None),
        ("SELECT t.* FROM t LIMIT 10", ["t.*"], "10"),
        ("SELECT count(*) FROM t LIMIT ?", [], "?"),
        ("SELECT 1 FROM t WHERE EXISTS (SELECT * FROM u)", ["* in exists"], None),
        ("SELECT id FROM t FETCH FIRST 5 ROWS ONLY", [], "5"),
        ("SELECT id FROM t LIMIT $1 OFFSET $2", [], "$1"),
        ("DELETE FROM t RETURNING *", ["*"], None),
        ("SELECT * FROM (SELECT a FROM t LIMIT 3) q", ["*"], None),
    ],
)
def test_stars_and_limits(text: str, stars: list[str], limit: str | None) -> None:
    (statement,) = parse(text)
    found = [text[s.start : s.end] + (" in exists" if s.in_exists else "") for s in statement.stars]
    assert found == stars
    assert (statement.limit.text if statement.limit else None) == limit


@pytest.mark.parametrize(
    ("template", "complete", "expected"),
    [
        ("SELECT a FROM t WHERE id = {id}", True, "t | a:select id:where"),
        ("SELECT a FROM t WHERE id IN {ids}", True, "t | a:select id:where"),
        ("SELECT a FROM t WHERE name LIKE '%{q}%'", True, "t | a:select name:where"),
        ("SELECT a FROM t LIMIT {n}", True, "t | a:select"),
        ("SELECT a FROM {table}", False, " | a:select"),
        ("SELECT a FROM {schema}.users", False, " | a:select"),
        ("SELECT a FROM audit_{year} x", False, " | a:select"),
        ("SELECT {columns} FROM t", False, "t | "),
        ("SELECT a FROM t {where}", False, "t | a:select"),
        ("SELECT a FROM t WHERE {condition}", False, "t | a:select"),
        ("SELECT a FROM t WHERE b = 1 {more}", False, "t | a:select b:where"),
        ("UPDATE t SET {sets} WHERE id = 1", False, "t! | "),
        ("INSERT INTO t ({columns}) VALUES ({values})", False, "t! | "),
    ],
)
def test_holes(template: str, complete: bool, expected: str) -> None:
    """A hole is a value, a name or a clause, and nothing is invented from it."""
    start, end = template.index("{"), template.index("}") + 1
    (statement,) = parse(template, holes=[(start, end)])
    assert statement.complete is complete
    tables, columns = described(statement).split(" | ")
    wanted_tables, wanted_columns = expected.split(" | ")
    assert tables == wanted_tables
    assert set(columns.split()) <= {*wanted_columns.split(), "id:where"}


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT * FROM users WHERE", ["users"]),
        ("SELECT FROM users", ["users"]),
        ("SELECT * FROM users u JOIN orders o ON", ["users", "orders"]),
        ("SELECT a, FROM users", []),
        ("SELECT * FROM", []),
        ("UPDATE t SET", ["t"]),
        ("INSERT INTO", []),
    ],
)
def test_half_typed(text: str, tables: list[str]) -> None:
    (statement,) = parse(text)
    assert [ref.name for ref in statement.tables] == tables
    assert not statement.complete or text == "SELECT FROM users"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("  -- only a comment\n/* and /* nested */ one */", []),
        ("SELECT 1; DELETE FROM t;", ["select", "delete"]),
        ("SELECT ';'; SELECT $$;$$; SELECT $x$;$$;$x$", ["select"] * 3),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 1",
            ["ddl", "select"],
        ),
        (
            "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN b THEN 1 END; END; SELECT 1",
            ["ddl", "select"],
        ),
        ("COPY t (a) FROM stdin;\n1\tO'Brien;\n\\.\nSELECT 1;", ["other", "select"]),
        ("\\connect shop\nSELECT 1;", ["select"]),
        (
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 1;",
            ["ddl", "select"],
        ),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", ["insert"]),
        ("BEGIN; SELECT 1; COMMIT;", ["other", "select", "other"]),
    ],
)
def test_splitting(text: str, kinds: list[str]) -> None:
    assert [statement.kind for statement in parse(text)] == kinds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "INSERT INTO `users` (`a`) VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "users! | a:insert a:set",
        ),
        ("SELECT `U`.`Id` FROM `Users` AS `U` LIMIT 5, 10", "users=u | u.id:select"),
        ("INSERT OR IGNORE INTO t (a) VALUES (?)", "t! | a:insert"),
        ("REPLACE INTO t (a) VALUES (1)", "t! | a:insert"),
        ("SELECT a FROM `t` WHERE b > DATE_SUB(NOW(), INTERVAL 1 DAY)", "t | a:select b:where"),
        ("SELECT a FROM `t` WHERE b = \"it's\" AND c = 'x\\'y'", "t | a:select b:where c:where"),
    ],
)
def test_other_dialects(text: str, expected: str) -> None:
    (statement,) = parse(text)
    tables, columns = described(statement).split(" | ")
    assert f"{tables} | {' '.join(dict.fromkeys(columns.split()))}" == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM users",
        "select id, name from users where id = $1",
        "select name from users",
        "SELECT now()",
        "  -- why\n  SELECT 1",
        "INSERT INTO t (a) VALUES (%s)",
        "insert into t(a) values (?)",
        "UPDATE users SET name = :name WHERE id = :id",
        "DELETE FROM users",
        "delete from users where id = 1",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "CREATE TABLE t (id int)",
        "create unique index i on t (a)",
        "ALTER TABLE t ADD COLUMN a int",
        "DROP TABLE IF EXISTS t",
        "EXPLAIN ANALYZE SELECT 1 FROM t",
        "SELECT {columns} FROM {table}",
        "\n    SELECT\n        u.id\n    FROM users u\n",
    ],
)
def test_sql_is_recognised(text: str) -> None:
    assert looks_like_sql(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Select a file from the list",
        "select an option from the menu below",
        "Select all (or none) from the list",
        "update available",
        "Update the settings, then set a password",
        "Updated = 3",
        "delete this?",
        "Delete from cart",
        "Delete from your history (this cannot be undone)",
        "Insert coin",
        "insert into the slot",
        "Create table reservation",
        "Create a table",
        "Drop table here",
        "with regards",
        "With great power (and so on)",
        "Alter ego",
        "merge into main",
        "selected from 3 rows",
        "values matter",
        "SELECTED: 3",
        "explain yourself",
        "Replace into it",
    ],
)
def test_prose_is_not_sql(text: str) -> None:
    assert not looks_like_sql(text)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("CREATE TABLE t (id int) ENGINE=InnoDB", "", "mysql"),
        ("CREATE TABLE t (id integer primary key autoincrement)", "", "sqlite"),
        ("CREATE TABLE t (id bigserial)", "", "postgresql"),
        ("SELECT 1", "migrations/mysql/1.sql", "mysql"),
    ],
)
def test_dialects(text: str, path: str, expected: str) -> None:
    assert dialect_of(text, path) == expected

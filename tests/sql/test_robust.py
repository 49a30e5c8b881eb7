"""Whatever is typed, nothing raises, spans stay inside the text, and values survive storage."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_analyzers.sql.ddl import DdlStatement
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import dialect_of, looks_like_sql, parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.resolve import resolve
from backend_analyzers.sql.schema import Schema
from backend_analyzers.sql.statement import Statement

SEEDS = (
    "SELECT u.id, count(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE lower(u.é) = $1 GROUP BY 1 LIMIT 5",
    "WITH q AS (SELECT a FROM t WHERE b IN (1, 2)) UPDATE t SET a = q.a FROM q WHERE NOT EXISTS (SELECT * FROM x)",
    "INSERT INTO t (a, b) VALUES (%s, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *",
    "CREATE TABLE t (id bigint PRIMARY KEY, x text NOT NULL DEFAULT 'y', FOREIGN KEY (x) REFERENCES u (x) ON DELETE CASCADE);",
    "ALTER TABLE t ADD COLUMN a int, DROP COLUMN b, ALTER c TYPE text, ADD CONSTRAINT k UNIQUE (a);",
    "CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (lower(a) DESC, b) INCLUDE (c) WHERE d IS NULL",
    "CREATE TABLE `t` (`id` int unsigned AUTO_INCREMENT, KEY k (`id`)) ENGINE=InnoDB; DELIMITER //\nSELECT 1//\n",
    'DO $$ BEGIN ALTER TABLE t ADD a int; END $$; COPY t FROM stdin;\n1\n\\.\nSELECT E\'\\\'\' || "x""y";',
)
PIECES = st.sampled_from(
    [
        "(",
        ")",
        "'",
        '"',
        "`",
        "$$",
        ";",
        "--",
        "/*",
        "*/",
        "{x}",
        "?",
        "%s",
        ":a",
        " é ",
        "\x00",
        "\r\n",
        " SELECT ",
        " FROM ",
        " NOT IN ",
        " AS ",
        ",",
        ".",
        "*",
        " CASE ",
        " END ",
        " BEGIN ",
        "\\",
        "💥",
    ]
)


@st.composite
def broken(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(PIECES, st.just(""), st.text(max_size=3))) + text[end:]
    return text


@settings(max_examples=150, deadline=None)
@given(broken(), st.lists(st.tuples(st.integers(-1, 120), st.integers(0, 130)), max_size=2))
def test_nothing_raises(text: str, holes: list[tuple[int, int]]) -> None:
    size = len(text.encode("utf-8", "replace"))
    schema = Schema()
    ddl = parse_ddl(text, holes=holes)
    schema = apply(schema, ddl, "x")
    for statement in parse(text, holes=holes):
        assert 0 <= statement.start <= statement.end <= size
        spans = [(ref.start, ref.end) for ref in statement.tables]
        spans += [(ref.start, ref.end) for ref in statement.columns]
        spans += [(star.start, star.end) for star in statement.stars]
        spans += [(found.start, found.end) for found in statement.predicates]
        assert all(statement.start <= s <= e <= statement.end for s, e in spans)
        resolve(statement, schema)
        packed = msgspec.msgpack.encode(statement)
        assert msgspec.msgpack.decode(packed, type=Statement) == statement
    packed = msgspec.msgpack.encode(ddl)
    assert msgspec.msgpack.decode(packed, type=tuple[DdlStatement, ...]) == ddl
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(schema), type=Schema) == schema
    looks_like_sql(text)
    dialect_of(text)


def test_depth_and_length_are_bounded() -> None:
    for text in (
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
        "SELECT 1 WHERE " + " AND ".join(f"a{i} = {i}" for i in range(3000)),
        "SELECT 1 WHERE " + "NOT " * 2000 + "a",
        "SELECT " + "a + " * 2000 + "a",
        "SELECT 1" + " UNION SELECT 1" * 500,
        "INSERT INTO t VALUES " + ", ".join("(1, 'x')" for _ in range(20000)),
        "CREATE TABLE t (" + ", ".join(f"c{i} int" for i in range(1500)) + ")",
        "/*" * 1000,
        "'" * 1001,
    ):
        assert len(parse(text)) <= 1
        parse_ddl(text)


def test_bytes_that_are_no_text_are_read() -> None:
    (statement,) = parse(b"SELECT a FROM t WHERE b = '\xff\xfe'")
    assert [ref.name for ref in statement.tables] == ["t"]

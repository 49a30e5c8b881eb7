"""Candidates follow from how a statement looks for and sorts rows; the planner judges them later."""

from __future__ import annotations

import pytest

from backend_analyzers.sql.index_candidates import IndexCandidate, index_candidates, made_redundant
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema

SCHEMA = apply(
    Schema(),
    parse_ddl(
        """
        CREATE TABLE orders (
          id bigint PRIMARY KEY, customer_id bigint, status text, total numeric, tags text[],
          note text, words tsvector, paid boolean, data jsonb, placed_at timestamptz, "Odd" text
        );
        CREATE TABLE customers (id bigint PRIMARY KEY, email text);
        CREATE INDEX orders_status ON orders (status);
        CREATE SCHEMA sales; CREATE TABLE sales.lines (id bigint PRIMARY KEY, sku text);
        """
    ),
    "schema.sql",
)


def candidates(sql: str) -> list[str]:
    """What each candidate says after `ON`."""
    found = [c.ddl(SCHEMA) for s in parse(sql) for c in index_candidates(sql, s, SCHEMA)]
    return [ddl.partition(" ON ")[2] for ddl in found]


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT * FROM orders WHERE customer_id = $1", "orders (customer_id)"),
        (
            "SELECT * FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 10",
            "orders (customer_id, placed_at DESC)",
        ),
        (
            "SELECT * FROM orders WHERE customer_id = $1 AND placed_at > $2",
            "orders (customer_id, placed_at)",
        ),
        ("SELECT 1 FROM orders WHERE placed_at BETWEEN $1 AND $2", "orders USING brin (placed_at)"),
        ("SELECT * FROM orders WHERE customer_id = 1 AND paid", "orders (customer_id) WHERE paid"),
        (
            "SELECT * FROM orders WHERE customer_id = 1 AND NOT paid",
            "orders (customer_id) WHERE NOT paid",
        ),
        (
            "SELECT * FROM orders WHERE customer_id = 1 AND note IS NULL",
            "orders (customer_id) WHERE note IS NULL",
        ),
        (
            "SELECT total FROM orders WHERE customer_id = 1",
            "orders (customer_id) INCLUDE (total)",
        ),
        ("SELECT * FROM orders WHERE lower(o.note) = 'x'", ""),
        ("SELECT * FROM orders o WHERE lower(o.note) = 'x'", "orders ((lower(note)))"),
        ("SELECT * FROM orders WHERE data->>'k' = 'v'", "orders ((data->>'k'))"),
        ("SELECT * FROM orders WHERE tags @> ARRAY['a']", "orders USING gin (tags)"),
        ("SELECT * FROM orders WHERE words @@ to_tsquery('a')", "orders USING gin (words)"),
        ("SELECT * FROM orders WHERE note LIKE '%a%'", "orders USING gin (note gin_trgm_ops)"),
        ("SELECT * FROM orders WHERE note LIKE 'a%'", "orders (note text_pattern_ops)"),
        (
            "SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.email = $1",
            "orders (customer_id)",
        ),
        (
            "SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.email = $1",
            "customers (email)",
        ),
        ('DELETE FROM orders WHERE "Odd" = $1', 'orders ("Odd")'),
        ("UPDATE orders SET total = 0 WHERE customer_id = $1", "orders (customer_id)"),
        ("SELECT * FROM sales.lines WHERE sku = 'a'", "sales.lines (sku)"),
        ("SELECT customer_id, count(*) FROM orders GROUP BY customer_id", "orders (customer_id)"),
        (
            "SELECT id FROM orders WHERE customer_id = 1 ORDER BY placed_at DESC NULLS LAST LIMIT 3",
            "orders (customer_id, placed_at DESC NULLS LAST) INCLUDE (id)",
        ),
        ("SELECT * FROM orders WHERE note IS NOT NULL", "orders (id) WHERE note IS NOT NULL"),
        (
            "SELECT * FROM orders WHERE status IN ('open', 'late') ORDER BY total LIMIT 9",
            "orders (total) WHERE status IN ('open', 'late')",
        ),
        ("SELECT * FROM orders WHERE note = $1", "orders USING hash (note)"),
        ("SELECT max(total) FROM orders", "orders (total)"),
        ("SELECT min(total) FROM orders WHERE customer_id = $1", "orders (customer_id, total)"),
        ("SELECT * FROM orders ORDER BY lower(note) LIMIT 5", "orders ((lower(note)))"),
        (
            "SELECT * FROM orders WHERE data @> '{}'",
            "orders USING gin (data jsonb_path_ops)",
        ),
        ("SELECT * FROM orders WHERE data ? 'k'", "orders USING gin (data)"),
        ("SELECT * FROM orders WHERE note ILIKE 'a%'", "orders USING gin (note gin_trgm_ops)"),
        ("SELECT * FROM orders WHERE note ~ 'a+b'", "orders USING gin (note gin_trgm_ops)"),
        (
            "SELECT * FROM orders WHERE customer_id = 1 AND note LIKE 'a%'",
            "orders (customer_id, note text_pattern_ops)",
        ),
        (
            "SELECT * FROM orders WHERE to_tsvector('simple', note) @@ to_tsquery('simple', 'a')",
            "orders USING gin ((to_tsvector('simple', note)))",
        ),
        (
            (
                "SELECT c.id FROM customers c WHERE EXISTS "
                "(SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 5)"
            ),
            "orders (customer_id, total)",
        ),
    ],
)
def test_a_candidate_fits_the_statement(sql: str, wanted: str) -> None:
    found = candidates(sql)
    assert wanted in found if wanted else not found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders WHERE id = $1",
        "SELECT * FROM orders WHERE status = $1",
        "SELECT * FROM orders",
        "SELECT * FROM nowhere WHERE a = 1",
        "INSERT INTO orders (id) VALUES (1)",
        "SELECT * FROM orders WHERE",
        "",
    ],
)
def test_no_candidate_where_none_can_help(sql: str) -> None:
    """Indexes that exist are not proposed again, and nothing is proposed for what is not known."""
    assert [c for c in candidates(sql) if "INCLUDE" not in c] == []


def test_a_name_that_is_taken_has_a_number() -> None:
    schema = apply(SCHEMA, parse_ddl("CREATE INDEX orders_total_idx ON orders (note);"), "")
    sql = "SELECT * FROM orders WHERE total = 1"
    (first, *_) = (c for s in parse(sql) for c in index_candidates(sql, s, schema))
    assert first.name(schema) == "orders_total_idx1"


@pytest.mark.parametrize(
    ("existing", "is_spare"),
    [
        ("CREATE INDEX i ON orders (customer_id)", True),
        ("CREATE INDEX i ON orders (customer_id, placed_at DESC)", True),
        ("CREATE INDEX i ON orders (customer_id) INCLUDE (placed_at)", True),
        ("CREATE INDEX i ON orders (customer_id) INCLUDE (total)", False),
        ("CREATE INDEX i ON orders (customer_id DESC)", False),
        ("CREATE INDEX i ON orders (placed_at)", False),
        ("CREATE UNIQUE INDEX i ON orders (customer_id)", False),
        ("CREATE INDEX i ON orders (customer_id) WHERE paid", False),
        ("CREATE INDEX i ON orders USING hash (customer_id)", False),
        ("CREATE INDEX i ON orders (customer_id, placed_at DESC, id)", False),
    ],
)
def test_what_a_new_index_makes_superfluous(existing: str, *, is_spare: bool) -> None:
    schema = apply(SCHEMA, parse_ddl(f"{existing};"), "")
    candidate = IndexCandidate("public.orders", ("customer_id", "placed_at DESC"))
    found = [index.name for index in made_redundant(candidate, schema.tables["public.orders"])]
    assert found == (["i"] if is_spare else [])


def test_a_long_name_is_cut_as_postgresql_would() -> None:
    sql = f"SELECT 1 FROM orders WHERE {' AND '.join(f'{c} = 1' for c in ('customer_id', 'total', 'note', 'data'))}"
    names = [c.name(SCHEMA) for s in parse(sql) for c in index_candidates(sql, s, SCHEMA)]
    assert names
    assert all(len(name) <= 63 for name in names)

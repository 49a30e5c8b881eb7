"""Each way to write a query anew: what it gives, what it leaves alone, and that little of the text changes."""

from __future__ import annotations

import pytest

from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.rewrites import Rewrite, advised, registry, rewrites
from backend_analyzers.sql.schema import Schema

SCHEMA = apply(
    Schema(),
    parse_ddl("""
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, city text, vip boolean NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id), referrer_id bigint REFERENCES customers (id),
  total numeric(10, 2) NOT NULL, placed_at timestamp NOT NULL, seen_at timestamptz, note text
);
CREATE TABLE lines (order_id bigint REFERENCES orders (id), number integer, sku text NOT NULL, PRIMARY KEY (order_id, number));
"""),
    "",
)


def found(text: str) -> tuple[Rewrite, ...]:
    return rewrites(text, parse(text)[0], SCHEMA)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT id FROM orders WHERE date(placed_at) = '2024-01-31' AND note = %s",
            "SELECT id FROM orders WHERE placed_at >= '2024-01-31' AND placed_at < '2024-02-01' AND note = %s",
        ),
        (
            "SELECT id FROM orders WHERE NOT placed_at::date = '2024-12-31'",
            "SELECT id FROM orders WHERE NOT (placed_at >= '2024-12-31' AND placed_at < '2025-01-01')",
        ),
        (
            "SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders o WHERE total > :a OR note = 'a')",
            (
                "SELECT id FROM customers WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE (total > :a OR note = 'a')"
                " AND o.customer_id = customers.id)"
            ),
        ),
        (
            "SELECT id FROM customers c WHERE (SELECT count(*) FROM orders WHERE customer_id = c.id) > 0",
            "SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id)",
        ),
        (
            "SELECT id FROM orders WHERE note = $1 OR customer_id = $2",
            (
                "SELECT id FROM orders WHERE note = $1 UNION ALL SELECT id FROM orders WHERE customer_id = $2"
                " AND (note = $1) IS NOT TRUE"
            ),
        ),
        (
            "SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c",
            (
                "SELECT c.id, coalesce(grouped.value, 0) AS n FROM customers c LEFT JOIN (SELECT o.customer_id AS key,"
                " count(*) AS value FROM orders o GROUP BY o.customer_id) AS grouped ON grouped.key = c.id"
            ),
        ),
        (
            "SELECT DISTINCT o.id, c.city FROM orders o JOIN customers c ON c.id = o.customer_id",
            "SELECT o.id, c.city FROM orders o JOIN customers c ON c.id = o.customer_id",
        ),
        (
            "SELECT DISTINCT c.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 5 AND c.vip",
            (
                "SELECT c.id FROM customers c WHERE c.vip AND EXISTS (SELECT 1 FROM orders o"
                " WHERE o.customer_id = c.id AND o.total > 5)"
            ),
        ),
        (
            "SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.referrer_id",
            "SELECT o.id FROM orders o",
        ),
        (
            "SELECT o.id FROM orders o JOIN customers c ON c.id = o.referrer_id WHERE o.total > 3",
            "SELECT o.id FROM orders o WHERE o.total > 3 AND o.referrer_id IS NOT NULL",
        ),
        (
            "SELECT id FROM orders WHERE customer_id = 1 UNION SELECT id FROM orders WHERE customer_id = 2",
            "SELECT id FROM orders WHERE customer_id = 1 UNION ALL SELECT id FROM orders WHERE customer_id = 2",
        ),
        (
            "SELECT customer_id, count(*) FROM orders GROUP BY customer_id HAVING customer_id > 4 AND count(*) > 3",
            (
                "SELECT customer_id, count(*) FROM orders WHERE orders.customer_id > 4 GROUP BY customer_id"
                " HAVING count(*) > 3"
            ),
        ),
        ("SELECT id FROM customers GROUP BY id", "SELECT id FROM customers"),
        ("SELECT count(DISTINCT id) FROM orders", "SELECT count(id) FROM orders"),
        ("SELECT id FROM orders WHERE id > 4.5", "SELECT id FROM orders WHERE id > 4"),
        ("SELECT * FROM customers", "SELECT id, email, city, vip FROM customers"),
    ],
)
def test_writes_it_anew(before: str, after: str) -> None:
    assert after in [rewrite.text for rewrite in found(before)]


@pytest.mark.parametrize(
    "text",
    [
        # NULL, duplicates, rows that are not there
        "SELECT id FROM customers WHERE id NOT IN (SELECT referrer_id FROM orders)",
        "SELECT DISTINCT city FROM customers",
        "SELECT DISTINCT order_id FROM lines",
        "SELECT o.id FROM orders o JOIN lines l ON l.order_id = o.id",
        "SELECT o.id FROM orders o LEFT JOIN lines l ON l.order_id = o.id",
        "SELECT city FROM customers WHERE vip UNION SELECT city FROM customers WHERE NOT vip",
        "SELECT id FROM orders WHERE customer_id = 1 UNION SELECT id FROM orders WHERE total = 2",
        "SELECT customer_id FROM orders GROUP BY customer_id HAVING sum(total) > 4",
        "SELECT note FROM orders GROUP BY note",
        # what depends on the session, or on a volatile function
        "SELECT id FROM orders WHERE date(seen_at) = '2024-01-31'",
        "SELECT DISTINCT id, random() FROM orders",
        # parameters that would change places, comments that would be lost, text that is not understood
        "SELECT id FROM orders WHERE note = %s OR customer_id = %s",
        "SELECT id FROM orders WHERE date(placed_at) /* the day */ = '2024-01-31'",
        "SELECT id FROM orders WHERE date(placed_at) = '2024-01-31' {condition}",
        "SELECT id FROM orders WHERE date(placed_at) = ",
        "",
    ],
)
def test_leaves_it_alone(text: str) -> None:
    statements = parse(text)
    assert not [r.text for s in statements for r in rewrites(text, s, SCHEMA)]


def test_the_text_around_stays_as_it_is() -> None:
    text = (
        "SELECT id -- all\nFROM   orders\nWHERE  date(placed_at) = '2024-01-31'\n  AND note = :note"
    )
    (rewrite,) = found(text)
    (edit,) = rewrite.edits
    assert text.encode()[edit.start : edit.end].decode() == "date(placed_at) = '2024-01-31'"
    assert rewrite.text.startswith("SELECT id -- all\nFROM   orders\nWHERE  placed_at >= ")
    assert rewrite.text.endswith("\n  AND note = :note")


def test_edits_lead_to_the_text() -> None:
    text = "SELECT DISTINCT c.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.city = 'größe' AND o.total > 5"
    for rewrite in found(text):
        written, last = [], 0
        for edit in rewrite.edits:
            written += [text.encode()[last : edit.start], edit.text.encode()]
            last = edit.end
        assert b"".join((*written, text.encode()[last:])).decode() == rewrite.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT id FROM orders ORDER BY placed_at DESC, id DESC LIMIT 10 OFFSET :skip",
            (
                "SELECT id FROM orders WHERE (placed_at, id) < (:last_placed_at, :last_id)"
                " ORDER BY placed_at DESC, id DESC LIMIT 10"
            ),
        ),
        (
            "SELECT total FROM orders WHERE id = %s",
            "SELECT id, total FROM orders WHERE id = ANY(%s)",
        ),
    ],
)
def test_advises_what_needs_other_code(before: str, after: str) -> None:
    statement = parse(before)[0]
    assert after in [rewrite.text for rewrite in advised(before, statement, SCHEMA)]
    assert after not in [rewrite.text for rewrite in rewrites(before, statement, SCHEMA)]


def test_no_keyset_where_rows_may_tie_or_be_null() -> None:
    for text in (
        "SELECT id FROM orders ORDER BY placed_at LIMIT 10 OFFSET 5",
        "SELECT id FROM customers ORDER BY city, id LIMIT 10 OFFSET 5",
        "SELECT id FROM orders ORDER BY placed_at DESC, id LIMIT 10 OFFSET 5",
    ):
        assert not [r for r in advised(text, parse(text)[0], SCHEMA) if "last_" in r.text]


def test_the_registry_holds_every_module() -> None:
    assert {"sargable", "not_in", "or_union", "correlated", "distinct", "keyset"} <= set(registry())

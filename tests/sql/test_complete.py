"""What may be written at `|` in a statement."""

from __future__ import annotations

import pytest

from backend_analyzers.sql.complete import complete
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema

SCHEMA = apply(
    Schema(),
    parse_ddl(
        """
        CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
        CREATE TABLE orders (
          id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id), total numeric, "größe" text
        );
        CREATE VIEW recent AS SELECT id FROM orders;
        """
    ),
    "schema.sql",
)


def labels(marked: str) -> list[str]:
    offset = len(marked[: marked.index("|")].encode())
    return [s.label for s in complete(marked.replace("|", ""), offset, (SCHEMA,))]


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("SELECT * FROM |", ["customers", "orders", "recent"]),
        ("SELECT * FROM ord|", ["customers", "orders", "recent"]),
        ("SELECT * FROM orders o JOIN |", ["customers", "orders", "recent"]),
        ("UPDATE |", ["customers", "orders", "recent"]),
        ("INSERT INTO |", ["customers", "orders", "recent"]),
        ("SELECT o.| FROM orders o", ["id", "customer_id", "total", '"größe"']),
        ("SELECT o.cu| FROM orders o WHERE o.id = 1", ["id", "customer_id", "total", '"größe"']),
        ("SELECT | FROM customers", ["id", "email"]),
        ("SELECT id FROM customers WHERE |", ["id", "email"]),
        ("SELECT id FROM customers WHERE em|", ["id", "email"]),
        ("SELECT id FROM customers ORDER BY |", ["id", "email"]),
        ("INSERT INTO customers (|", ["id", "email"]),
        ("INSERT INTO customers (id, |) VALUES (1)", ["id", "email"]),
        ("UPDATE customers SET |", ["id", "email"]),
        ("WITH big AS (SELECT 1) SELECT * FROM |", ["big", "customers", "orders", "recent"]),
        (
            "SELECT * FROM orders o JOIN customers c ON |",
            ["o.customer_id = c.id"],
        ),
        (
            "SELECT 1 FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.|)",
            ["id", "customer_id", "total", '"größe"'],
        ),
        ("/* ü */ SELECT | FROM customers", ["id", "email"]),
    ],
)
def test_what_fits(marked: str, first: list[str]) -> None:
    assert labels(marked)[: len(first)] == first


def test_columns_of_two_tables_are_told_apart() -> None:
    found = labels("SELECT | FROM orders o JOIN customers c ON o.customer_id = c.id")
    assert {"o.id", "c.id", "email", "total"} <= set(found)
    assert "id" not in found


@pytest.mark.parametrize(
    "marked",
    ["SELECT 'a |' FROM orders", "-- select |", "SELECT 1 /* |", "|", "SELECT x.| FROM orders o"],
)
def test_nothing_fits(marked: str) -> None:
    assert labels(marked) == []


def test_the_whole_word_is_replaced() -> None:
    found = complete("SELECT o.custom_id FROM orders o", len("SELECT o.cust"), (SCHEMA,))
    assert {(s.start, s.end) for s in found} == {(9, 18)}

"""A database with rows, to hold the shadow to: several tables, skewed values, every kind of column."""

from __future__ import annotations

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMA = """
CREATE TABLE customers (
  id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL, country char(2) NOT NULL,
  segment text NOT NULL, balance numeric(12, 2) NOT NULL, created_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE TABLE products (
  id bigint PRIMARY KEY, sku text NOT NULL, title text NOT NULL, category integer NOT NULL,
  price numeric(10, 2) NOT NULL, tags text[] NOT NULL, attributes jsonb NOT NULL, words tsvector NOT NULL
);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL, status text NOT NULL, placed_at timestamptz NOT NULL,
  total numeric(12, 2) NOT NULL, paid boolean NOT NULL, note text, channel smallint NOT NULL
);
CREATE TABLE lines (
  order_id bigint NOT NULL, number integer NOT NULL, product_id bigint NOT NULL,
  quantity integer NOT NULL, price numeric(10, 2) NOT NULL, PRIMARY KEY (order_id, number)
);
CREATE TABLE events (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL, kind text NOT NULL, happened_at timestamptz NOT NULL,
  session uuid NOT NULL, payload jsonb NOT NULL
);
"""

ROWS = """
SELECT setseed(0.42);
INSERT INTO customers SELECT i, 'user' || i || '@example.org', 'Name ' || md5(i::text),
  (ARRAY['de', 'fr', 'us', 'us', 'us', 'se', 'at'])[1 + (random() * random() * 7)::int % 7],
  (ARRAY['small', 'small', 'small', 'medium', 'large'])[1 + (random() * 5)::int % 5],
  (random() ^ 4 * 100000)::numeric(12, 2), '2020-01-01'::timestamptz + i * interval '2 hours',
  CASE WHEN random() < 0.03 THEN '2024-01-01'::timestamptz + random() * interval '100 days' END
  FROM generate_series(1, 20000) i;
INSERT INTO products SELECT i, 'SKU-' || lpad(i::text, 6, '0'), 'Thing ' || md5(i::text) || ' of ' || (i % 97),
  (random() ^ 3 * 200)::int, (random() * 500)::numeric(10, 2),
  ARRAY['tag' || (random() ^ 2 * 300)::int, 'tag' || (random() * 300)::int, 'common'],
  jsonb_build_object('color', (ARRAY['red', 'green', 'blue'])[1 + i % 3], 'size', i % 40, 'batch', i / 7),
  to_tsvector('simple', md5((i % 900)::text) || ' thing word' || (random() ^ 2 * 500)::int)
  FROM generate_series(1, 12000) i;
INSERT INTO orders SELECT i, 1 + (random() ^ 3 * 19999)::int,
  (ARRAY['done', 'done', 'done', 'done', 'done', 'done', 'open', 'lost'])[1 + (random() * 8)::int % 8],
  '2021-01-01'::timestamptz + i * interval '15 minutes', (random() ^ 3 * 5000)::numeric(12, 2), random() < 0.97,
  CASE WHEN random() < 0.1 THEN 'note ' || md5(random()::text) END, (random() * 3)::int
  FROM generate_series(1, 90000) i;
INSERT INTO lines SELECT 1 + i / 3, i % 3, 1 + (random() ^ 2 * 11999)::int, 1 + (random() * 4)::int,
  (random() * 500)::numeric(10, 2) FROM generate_series(0, 240000) i;
INSERT INTO events SELECT i, 1 + (random() ^ 2 * 19999)::int,
  (ARRAY['view', 'view', 'view', 'view', 'cart', 'buy'])[1 + (random() * 6)::int % 6],
  '2023-01-01'::timestamptz + i * interval '1 minute', md5((i / 6)::text)::uuid,
  jsonb_build_object('page', '/p/' || (random() ^ 2 * 3000)::int, 'ms', (random() * 900)::int)
  FROM generate_series(1, 120000) i;
"""

QUERIES = (
    "SELECT * FROM customers WHERE email = 'user77@example.org'",
    "SELECT id FROM customers WHERE email LIKE 'user19%'",
    "SELECT * FROM customers WHERE lower(name) = 'name x'",
    "SELECT * FROM customers WHERE country = 'at' AND segment = 'large'",
    "SELECT id, name FROM customers ORDER BY balance DESC LIMIT 20",
    "SELECT count(*) FROM customers WHERE deleted_at IS NOT NULL",
    "SELECT id FROM customers WHERE country = 'se' ORDER BY created_at DESC LIMIT 10",
    "SELECT * FROM customers WHERE balance > 90000",
    "SELECT * FROM customers WHERE name LIKE '%c4ca4238%'",
    "SELECT * FROM orders WHERE customer_id = 4711",
    "SELECT * FROM orders WHERE customer_id = 12000 ORDER BY placed_at DESC LIMIT 5",
    "SELECT id, total FROM orders WHERE status = 'lost' AND total > 4000",
    "SELECT * FROM orders WHERE NOT paid AND status = 'open'",
    "SELECT * FROM orders WHERE placed_at >= '2023-05-01' AND placed_at < '2023-05-02'",
    "SELECT count(*) FROM orders WHERE placed_at > '2023-07-20'",
    "SELECT sum(total) FROM orders WHERE customer_id = 15000 AND status = 'done'",
    "SELECT * FROM orders WHERE total BETWEEN 4900 AND 4950",
    "SELECT max(total) FROM orders",
    "SELECT max(placed_at) FROM orders WHERE customer_id = 9000",
    "SELECT * FROM orders WHERE note = 'note 42'",
    "SELECT customer_id, count(*) FROM orders WHERE channel = 3 AND status = 'open' GROUP BY customer_id",
    "SELECT * FROM orders ORDER BY placed_at DESC LIMIT 50",
    "SELECT * FROM orders ORDER BY total, id LIMIT 10",
    "SELECT id FROM orders WHERE status IN ('lost', 'open') AND placed_at > '2023-07-01'",
    "SELECT * FROM lines WHERE product_id = 11000",
    "SELECT sum(quantity) FROM lines WHERE product_id = 400",
    "SELECT * FROM lines WHERE price > 499.5",
    "SELECT product_id, sum(quantity) FROM lines WHERE product_id BETWEEN 9000 AND 9020 GROUP BY product_id",
    "SELECT * FROM products WHERE sku = 'SKU-000123'",
    "SELECT * FROM products WHERE category = 150",
    "SELECT * FROM products WHERE category = 3 ORDER BY price LIMIT 10",
    "SELECT * FROM products WHERE tags @> ARRAY['tag7']",
    "SELECT * FROM products WHERE attributes @> '{\"batch\": 9}'",
    "SELECT * FROM products WHERE attributes->>'size' = '39'",
    "SELECT * FROM products WHERE words @@ to_tsquery('simple', 'word77')",
    "SELECT id FROM products WHERE title ILIKE '%ab12%'",
    "SELECT * FROM events WHERE session = '00000000-0000-0000-0000-000000000000'",
    "SELECT * FROM events WHERE customer_id = 19000 AND kind = 'buy'",
    "SELECT * FROM events WHERE customer_id = 500 ORDER BY happened_at DESC LIMIT 20",
    "SELECT count(*) FROM events WHERE kind = 'buy' AND happened_at > '2023-03-20'",
    "SELECT * FROM events WHERE happened_at BETWEEN '2023-02-01' AND '2023-02-02'",
    "SELECT kind, count(*) FROM events WHERE customer_id = 77 GROUP BY kind",
    "SELECT * FROM events WHERE payload->>'page' = '/p/2999'",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = 'user5@example.org'",
    "SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = 17",
    "SELECT p.title, l.quantity FROM products p JOIN lines l ON l.product_id = p.id WHERE p.sku = 'SKU-009999'",
    "SELECT c.id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)",
    "SELECT o.id, sum(l.price) FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.customer_id = 18000 GROUP BY o.id",
    "SELECT e.* FROM events e JOIN customers c ON c.id = e.customer_id WHERE c.country = 'at' AND e.kind = 'buy'",
    "UPDATE orders SET paid = true WHERE customer_id = 3 AND NOT paid",
    "DELETE FROM events WHERE happened_at < '2023-01-02'",
    "SELECT * FROM orders WHERE customer_id = $1 AND status = $2",
    "SELECT * FROM events WHERE customer_id = $1 ORDER BY happened_at DESC LIMIT 20",
    "SELECT DISTINCT customer_id FROM events WHERE kind = 'cart' AND happened_at > '2023-03-22'",
)  # fmt: skip


def fill(connection: Connection) -> None:
    """Make the tables with their rows, and statistics of them."""
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    connection.execute("VACUUM ANALYZE")

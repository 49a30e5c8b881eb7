import { Router } from 'express';

import { pool } from '../db.js';
import { Invalid, NotFound } from '../errors.js';
import { key, pageSize } from '../input.js';
import { orderFrom } from '../warehouse.js';

export const products = Router();

products.get('/', async (req, res) => {
  const category = req.query.category === undefined ? null : key(req.query.category);
  const after = req.query.after === undefined ? 0 : key(req.query.after);
  const { rows } = await pool.query(
    `SELECT id, sku, name, price_cents
     FROM products
     WHERE ($1::bigint IS NULL OR category_id = $1) AND id > $2
     ORDER BY id
     LIMIT $3`,
    [category, after, pageSize(req.query.limit)],
  );
  res.json({ products: rows });
});

products.get('/search', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT id, sku, name, price_cents
     FROM products
     WHERE to_tsvector('simple', name) @@ plainto_tsquery('simple', $1)
     ORDER BY name
     LIMIT $2`,
    [String(req.query.q ?? ''), pageSize(req.query.limit)],
  );
  res.json({ products: rows });
});

products.get('/:id', async (req, res) => {
  // defect: select-star
  const { rows } = await pool.query('SELECT * FROM products WHERE id = $1', [key(req.params.id)]);
  if (rows.length === 0) throw new NotFound('product');
  res.json(rows[0]);
});

// defect: shadowed-route
products.get('/featured', async (req, res) => {
  const { rows } = await pool.query(
    'SELECT id, sku, name, price_cents FROM products WHERE featured ORDER BY name LIMIT $1',
    [pageSize(req.query.limit)],
  );
  res.json({ products: rows });
});

products.put('/:id/price', async (req, res) => {
  const cents = req.body?.price_cents;
  if (!Number.isSafeInteger(cents) || cents < 0) throw new Invalid('price_cents is a whole number');
  const { rowCount } = await pool.query(
    `WITH changed AS (
       UPDATE products SET price_cents = $2 WHERE id = $1 RETURNING id, price_cents
     )
     INSERT INTO price_changes (product_id, price_cents)
     SELECT id, price_cents FROM changed`,
    [key(req.params.id), cents],
  );
  if (rowCount === 0) throw new NotFound('product');
  res.status(204).end();
});

// defect: unpaginated-list
products.get('/:id/reviews', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT id, author, rating, body, created_at
     FROM product_reviews
     WHERE product_id = $1
     ORDER BY created_at DESC`,
    [key(req.params.id)],
  );
  res.json({ reviews: rows });
});

products.get('/:id/prices', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT price_cents, changed_at
     FROM price_changes
     WHERE product_id = $1
     ORDER BY changed_at DESC
     LIMIT $2`,
    [key(req.params.id), pageSize(req.query.limit)],
  );
  res.json({ prices: rows });
});

products.get('/:id/rating', async (req, res) => {
  const { rows } = await pool.query(
    'SELECT count(*)::int AS reviews, avg(rating)::float AS average FROM product_reviews WHERE product_id = $1',
    [key(req.params.id)],
  );
  res.json(rows[0]);
});

products.get('/:id/stock', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT warehouse, quantity
     -- defect: unknown-table
     FROM product_stock
     WHERE product_id = $1
     ORDER BY warehouse
     LIMIT 50`,
    [key(req.params.id)],
  );
  res.json({ stock: rows });
});

products.put('/:id/stock/:warehouse', async (req, res) => {
  const received = req.body?.received;
  if (!Number.isSafeInteger(received) || received < 1) throw new Invalid('received is a positive number');
  const { rows } = await pool.query(
    `INSERT INTO stock_levels (product_id, warehouse, quantity)
     SELECT id, $2, $3 FROM products WHERE id = $1
     ON CONFLICT (product_id, warehouse)
     DO UPDATE SET quantity = stock_levels.quantity + EXCLUDED.quantity
     RETURNING warehouse, quantity`,
    [key(req.params.id), req.params.warehouse, received],
  );
  if (rows.length === 0) throw new NotFound('product');
  res.json(rows[0]);
});

products.post('/:id/restock', async (req, res) => {
  const quantity = req.body?.quantity;
  if (!Number.isSafeInteger(quantity) || quantity < 1) throw new Invalid('quantity is a positive number');
  const { rows } = await pool.query(
    `SELECT p.sku, s.order_url
     FROM products AS p
     JOIN suppliers AS s ON s.id = p.supplier_id
     WHERE p.id = $1`,
    [key(req.params.id)],
  );
  if (rows.length === 0) throw new NotFound('product with a supplier');
  const [product] = rows;
  res.status(202).json({ number: await orderFrom(product, product.sku, quantity) });
});

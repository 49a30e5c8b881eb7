import { Router } from 'express';

import { pool } from '../db.js';
import { pageSize } from '../input.js';

export const categories = Router();

categories.get('/', async (req, res) => {
  const { rows } = await pool.query('SELECT id, name FROM categories ORDER BY name LIMIT $1', [
    pageSize(req.query.limit),
  ]);
  res.json({ categories: rows });
});

// Every product has a category, so that NOT IN means here what it says.
categories.get('/empty', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT id, name
     FROM categories
     WHERE id NOT IN (SELECT category_id FROM products)
     ORDER BY name
     LIMIT $1`,
    [pageSize(req.query.limit)],
  );
  res.json({ categories: rows });
});

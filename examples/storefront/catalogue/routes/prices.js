import { Router } from 'express';

import { pool } from '../db.js';
import { Invalid } from '../errors.js';

export const prices = Router();

// A POST, because fifty product numbers are too long for an address.
prices.post('/', async (req, res) => {
  const skus = req.body?.skus;
  if (!Array.isArray(skus) || skus.length > 50) throw new Invalid('skus is a list of at most 50');
  const { rows } = await pool.query('SELECT sku, price_cents FROM products WHERE sku = ANY($1)', [
    skus.map(String),
  ]);
  res.json({ prices: rows });
});

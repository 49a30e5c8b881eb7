import { Router } from 'express';

import { pool } from '../db.js';
import { NotFound } from '../errors.js';
import { key, pageSize } from '../input.js';

export const suppliers = Router();

suppliers.get('/idle', async (req, res) => {
  const { rows } = await pool.query(
    `SELECT id, name
     FROM suppliers
     WHERE
       -- defect: not-in-nullable
       id NOT IN (SELECT supplier_id FROM products)
     ORDER BY name
     LIMIT $1`,
    [pageSize(req.query.limit)],
  );
  res.json({ suppliers: rows });
});

suppliers.get('/:id', async (req, res) => {
  const { rows } = await pool.query('SELECT id, name FROM suppliers WHERE id = $1', [
    key(req.params.id),
  ]);
  if (rows.length === 0) throw new NotFound('supplier');
  res.json(rows[0]);
});

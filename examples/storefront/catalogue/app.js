import express from 'express';

import { requireAuth } from './auth.js';
import { RequestError } from './errors.js';
import { categories } from './routes/categories.js';
import { prices } from './routes/prices.js';
import { products } from './routes/products.js';
import { suppliers } from './routes/suppliers.js';

export const app = express();

app.disable('x-powered-by');
app.use(express.json({ limit: '100kb' }));

app.get('/health', (req, res) => {
  res.json({ status: 'ok' });
});

app.use(requireAuth);
app.use('/products', products);
app.use('/categories', categories);
app.use('/suppliers', suppliers);
app.use('/prices', prices);

app.use((req, res) => {
  res.status(404).json({ error: 'no such address' });
});

// Express knows an error handler by its four parameters.
app.use((error, req, res, next) => {
  if (res.headersSent) return next(error);
  if (error instanceof RequestError) {
    return res.status(error.status).json({ error: error.message });
  }
  console.error(error);
  // defect: error-detail-leak
  res.status(500).json({ error: 'internal error', detail: error.stack });
});

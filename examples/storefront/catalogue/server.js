import { app } from './app.js';
import { pool } from './db.js';

const port = Number(process.env.PORT ?? 3000);
const server = app.listen(port, () => console.log(`catalogue listens on port ${port}`));

process.once('SIGTERM', () => {
  server.close(() => pool.end());
});

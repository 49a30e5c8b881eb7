import pg from 'pg';

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 10,
  connectionTimeoutMillis: 5_000,
  query_timeout: 5_000,
  statement_timeout: 5_000,
});

// An idle connection that breaks must not take the process down.
pool.on('error', (error) => console.warn('an idle connection was lost', error));

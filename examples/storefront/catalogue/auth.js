import { createHash, timingSafeEqual } from 'node:crypto';

const expected = digest(`Bearer ${process.env.CATALOGUE_TOKEN}`);

/** Only the shop's own services, which share a token, may call this one. */
export function requireAuth(req, res, next) {
  if (timingSafeEqual(digest(req.get('authorization') ?? ''), expected)) return next();
  res.status(401).json({ error: 'a valid token is required' });
}

function digest(text) {
  return createHash('sha256').update(text).digest();
}

import { Invalid } from './errors.js';

const PAGE = 20;
const LARGEST_PAGE = 100;

/** A database key out of a path or query string. */
export function key(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Invalid('a key is a positive number');
  return value;
}

/** How many rows to answer: never more than a hundred, whatever was asked for. */
export function pageSize(text) {
  const wanted = Number(text ?? PAGE);
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, LARGEST_PAGE) : PAGE;
}

import { badRequest } from '../errors.js';

/** A time that a caller names in Unix seconds. Throws 400 for what is none, such as milliseconds. */
export function instantOf(name: string, unixSeconds: number): Date {
  const date = new Date(unixSeconds * 1000);
  // What comes after has five-digit years in text, which would not compare.
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) throw badRequest(`${name} must be a Unix time in seconds`);
  return date;
}

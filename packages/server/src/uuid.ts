import { badRequest } from './errors.js';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text has the shape of our ids; asked before one becomes part of a path or reaches a database. */
export function isUuid(text: string): boolean {
  return pattern.test(text);
}

/** An id that a caller names, as we write it. Throws 400 for what can be no id. */
export function uuidOf(what: string, text: string): string {
  const id = text.toLowerCase();
  if (isUuid(id)) return id;
  throw badRequest(`'${text.slice(0, 80)}' is not the id of a ${what}: ids are UUIDs`);
}

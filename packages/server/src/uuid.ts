const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text has the shape of our ids; asked before one becomes part of a path or reaches a database. */
export function isUuid(text: string): boolean {
  return pattern.test(text);
}

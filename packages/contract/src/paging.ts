import { Type } from 'typebox';

/** `limit` and `offset` as query parameters, with the largest page a caller may ask for. */
export function pageQuery(defaultLimit: number, maximum: number) {
  return {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum, default: defaultLimit })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
  };
}

/**
 * The same for the private REST API, whose published description sets no bounds: a page is as large as was asked for, and never
 * larger than the server's maximum. `limit=0` gives no entries, only how many there are.
 */
export function openPageQuery(defaultLimit: number) {
  return {
    limit: Type.Optional(Type.Integer({ minimum: 0, default: defaultLimit })),
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  };
}

/** Further than any list reaches, and small enough for every database. */
const farthest = 1_000_000_000;

/** A page that is asked for, cut to what is served. */
export function pageOf(
  { limit, offset = 0 }: { limit?: number | undefined; offset?: number | undefined },
  { defaultLimit, maximum }: { defaultLimit: number; maximum: number },
): { limit: number; offset: number } {
  return { limit: Math.min(limit ?? defaultLimit, maximum), offset: Math.min(offset, farthest) };
}

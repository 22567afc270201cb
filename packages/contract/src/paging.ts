import { Type } from 'typebox';

/** `limit` and `offset` as query parameters, with the largest page a caller may ask for. */
export function pageQuery(defaultLimit: number, maximum: number) {
  return {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum, default: defaultLimit })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
  };
}

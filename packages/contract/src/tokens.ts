import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';
import { permissions } from './permissions.js';

export const PermissionName = Type.Enum([...permissions]);

/** What a token may do at most. Absent members restrict nothing: without any, the token acts as its owner. */
export const Grant = Type.Object(
  {
    permissions: Type.Optional(Type.Array(PermissionName, { maxItems: 64 })),
    organizations: Type.Optional(Type.Array(Type.String({ maxLength: 63 }), { minItems: 1, maxItems: 50 })),
  },
  { additionalProperties: false },
);
export type Grant = Static<typeof Grant>;

export const tokenStates = ['active', 'expired', 'revoked'] as const;

/** One token in lists and details. The value itself is shown once, by the call that made it. */
export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum(['personal', 'serviceAccount', 'ci']),
  masked: Type.String({ description: 'Prefix and last four digits of the random part' }),
  legacy: Type.Boolean(),
  state: Type.Enum([...tokenStates]),
  grant: Grant,
  createdAt: Timestamp,
  expiresAt: Type.Union([Timestamp, Type.Null()]),
  revokedAt: Type.Union([Timestamp, Type.Null()]),
  revokedReason: Type.Union([Type.String(), Type.Null()]),
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
  lastUsedAddress: Type.Union([Type.String(), Type.Null()]),
  lastUsedUserAgent: Type.Union([Type.String(), Type.Null()]),
});
export type Token = Static<typeof Token>;

export const TokenList = Type.Object({ tokens: Type.Array(Token) });
export type TokenList = Static<typeof TokenList>;

/** `POST /v1/tokens`. `expiresInDays: null` asks for a token without an end; absent means 90 days. */
export const CreateTokenBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    expiresInDays: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()])),
    grant: Type.Optional(Grant),
  },
  { additionalProperties: false },
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedToken = Type.Object({ token: Token, value: Type.String({ description: 'Shown this once' }) });
export type CreatedToken = Static<typeof CreatedToken>;

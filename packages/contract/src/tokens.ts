import { type Static, Type } from 'typebox';
import { AgentName, Instant, Timestamp } from './names.js';
import { permissions, presets } from './permissions.js';

export const PermissionName = Type.Enum([...permissions]);

/**
 * What a token may do at most. Absent members restrict nothing: without any, the token acts as its owner. Lists are never empty,
 * so that "nothing" can't be mistaken for "everything".
 */
export const Grant = Type.Object(
  {
    preset: Type.Optional(
      Type.Enum(Object.keys(presets) as (keyof typeof presets)[], { description: 'In place of `permissions`' }),
    ),
    permissions: Type.Optional(Type.Array(PermissionName, { maxItems: 64 })),
    organizations: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 63 }), { minItems: 1, maxItems: 50, description: 'Names' }),
    ),
    agents: Type.Optional(
      Type.Array(AgentName, { minItems: 1, maxItems: 100, description: 'Names, existing or not yet' }),
    ),
    networks: Type.Optional(
      Type.Array(Type.String({ minLength: 2, maxLength: 50 }), {
        minItems: 1,
        maxItems: 50,
        description: 'Addresses or CIDR blocks that requests must come from',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Grant = Static<typeof Grant>;

/**
 * `pending`: a successor that was not used yet. `rotating`: replaced, but good until its successor's first use or `endsAt`.
 * Ended tokens stay listed.
 */
export const tokenStates = ['pending', 'active', 'rotating', 'expired', 'revoked'] as const;
export type TokenState = (typeof tokenStates)[number];

/** Who or what ended a token before its time. */
export const revocationCauses = [
  'owner',
  'admin',
  'policy',
  'rotation',
  'parent',
  'leak',
  'panic',
  'service_account',
  'account',
] as const;
export type RevocationCause = (typeof revocationCauses)[number];

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** What a token may do, and what of it was used: by it, by what a rotation put in its place, and by what was derived from it. */
export const PermissionUse = Type.Object({
  held: Type.Array(PermissionName, { description: 'In any of the organizations that it reaches' }),
  used: Type.Array(PermissionName, { description: 'Those of `held` that a request needed' }),
  since: Type.String({ description: 'What was used before is not known' }),
});
export type PermissionUse = Static<typeof PermissionUse>;

/** One token in lists and details. The value itself is shown once, by the call that made it. */
export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum(['personal', 'serviceAccount', 'ci']),
  owner: Type.Object({
    kind: Type.Enum(['user', 'serviceAccount']),
    id: Type.String(),
    name: Type.String({ description: 'E-mail address of a person, name of a service account' }),
  }),
  masked: Type.String({ description: 'Prefix and last four digits of the random part' }),
  legacy: Type.Boolean({ description: 'Imported, of 32 digits without a checksum' }),
  state: Type.Enum([...tokenStates]),
  grant: Grant,
  createdAt: Timestamp,
  expiresAt: nullable(Timestamp),
  endsAt: nullable(Type.String({ description: 'Earlier than `expiresAt`: the deadline of a rotation' })),
  parentId: nullable(Type.String({ description: 'The token that this one was derived from' })),
  successorId: nullable(Type.String({ description: 'What a rotation put in its place' })),
  familyId: Type.String({ description: 'The same for a token and all its successors' }),
  suspiciousAt: nullable(Type.String({ description: 'When a secret of the family was seen after its rotation' })),
  revokedAt: nullable(Timestamp),
  revokedCause: nullable(Type.Enum([...revocationCauses])),
  revokedReason: nullable(Type.String()),
  lastUsedAt: nullable(Timestamp),
  lastUsedAddress: nullable(Type.String()),
  lastUsedUserAgent: nullable(Type.String()),
  lastUsedCiRun: nullable(Type.String({ description: 'Address of the CI job that sent it' })),
  permissionUse: Type.Optional(PermissionUse),
  decision: Type.Optional(
    Type.Enum(['pending', 'approved', 'denied'], { description: 'Only in the list of an organization' }),
  ),
});
export type Token = Static<typeof Token>;

export const TokenList = Type.Object({ tokens: Type.Array(Token) });
export type TokenList = Static<typeof TokenList>;
export const TokenEnvelope = Type.Object({ token: Token });

const lifetime = {
  expiresInDays: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 3650 }))),
  /** In place of `expiresInDays`. */
  expiresAt: Type.Optional(Instant),
};

/** `POST /v1/tokens` and its service-account twin. `expiresInDays: null` asks for no end; absent means 90 days, 180 for service accounts. */
export const CreateTokenBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 100 }), ...lifetime, grant: Type.Optional(Grant) },
  { additionalProperties: false },
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedToken = Type.Object({ token: Token, value: Type.String({ description: 'Shown this once' }) });
export type CreatedToken = Static<typeof CreatedToken>;

/** `POST …/rotate`. A token that rotates itself keeps its end; only a signed-in person may give the successor a new life. */
export const RotateTokenBody = Type.Object(
  {
    overlapHours: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 168,
        description: 'How long the old secret goes on at most; 24 when absent, 0 for a leak',
      }),
    ),
    ...lifetime,
  },
  { additionalProperties: false },
);
export type RotateTokenBody = Static<typeof RotateTokenBody>;

export const RotatedToken = Type.Object({
  token: Token,
  value: Type.String({ description: 'Shown this once' }),
  predecessor: Token,
});
export type RotatedToken = Static<typeof RotatedToken>;

/** `POST …/derive`: a narrower, shorter child. Absent restrictions are the parent's; absent lifetime is the parent's end. */
export const DeriveTokenBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    ...lifetime,
    expiresInMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 525_600 })),
    grant: Type.Optional(Grant),
  },
  { additionalProperties: false },
);
export type DeriveTokenBody = Static<typeof DeriveTokenBody>;

export const CanQuery = Type.Object({
  permission: PermissionName,
  organization: Type.Optional(Type.String({ maxLength: 63, description: 'Absent: the first that the token reaches' })),
  agent: Type.Optional(AgentName),
});
export type CanQuery = Static<typeof CanQuery>;
/** What would happen to a request that needs the permission, here and from this address. */
export const CanAnswer = Type.Object({
  allowed: Type.Boolean(),
  permission: PermissionName,
  organization: nullable(Type.String()),
  reason: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
});
export type CanAnswer = Static<typeof CanAnswer>;

/** Revokes what was issued or used since a time. */
export const PanicBody = Type.Object(
  {
    since: Instant,
    userId: Type.Optional(Type.String({ description: 'In an organization: only this person' })),
    serviceAccountId: Type.Optional(Type.String({ description: 'In an organization: only this service account' })),
  },
  { additionalProperties: false },
);
export type PanicBody = Static<typeof PanicBody>;
export const PanicResult = Type.Object({ revoked: Type.Array(Token) });
export type PanicResult = Static<typeof PanicResult>;

export const AdoptBody = Type.Object({ serviceAccountId: Type.String() }, { additionalProperties: false });
export type AdoptBody = Static<typeof AdoptBody>;
export const DecisionBody = Type.Object({ state: Type.Enum(['approved', 'denied']) }, { additionalProperties: false });
export type DecisionBody = Static<typeof DecisionBody>;

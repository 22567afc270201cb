import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';
import { Token } from './tokens.js';

/** What an organization asks of every credential that reaches it. The defaults ask nothing. */
export const Policy = Type.Object(
  {
    maxTokenDays: Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()], {
      description: 'Longest life of a token, from its making to its end',
    }),
    expiryRequired: Type.Boolean({ description: 'Tokens without an end are refused' }),
    revokeUnusedAfterDays: Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()]),
    allowedNetworks: Type.Array(Type.String({ minLength: 2, maxLength: 50 }), {
      maxItems: 50,
      description: 'Addresses or CIDR blocks that tokens may be used from; empty for anywhere',
    }),
    personalTokens: Type.Enum(['everyone', 'admins', 'nobody'], {
      description: 'Whose personal tokens reach this organization',
    }),
    approvalRequired: Type.Boolean({
      description: 'An admin approves each personal token before it reaches this organization',
    }),
    secondFactorRequired: Type.Boolean({ description: 'People reach this organization only after a second factor' }),
    onReuse: Type.Enum(['alert', 'revoke'], { description: 'When a rotated secret is seen again' }),
    onLeak: Type.Enum(['alert', 'revoke'], {
      description: 'When a live credential is found in a build, a log or a secret set',
    }),
  },
  { additionalProperties: false },
);
export type Policy = Static<typeof Policy>;

export const defaultPolicy: Policy = {
  maxTokenDays: null,
  expiryRequired: false,
  revokeUnusedAfterDays: null,
  allowedNetworks: [],
  personalTokens: 'everyone',
  approvalRequired: false,
  secondFactorRequired: false,
  onReuse: 'alert',
  onLeak: 'alert',
};

export const PolicyEnvelope = Type.Object({
  policy: Policy,
  updatedAt: Type.Union([Timestamp, Type.Null()]),
});
export type PolicyEnvelope = Static<typeof PolicyEnvelope>;

/** `PUT …/policy` and its dry run: absent members stay as they are. */
export const PolicyBody = Type.Partial(Policy, { additionalProperties: false, minProperties: 1 });
export type PolicyBody = Static<typeof PolicyBody>;

/** The live tokens that the policy would stop, each with what stops it; `token.lastUsedAt` says who would notice. */
export const PolicyDryRun = Type.Object({
  policy: Policy,
  stopped: Type.Array(Type.Object({ token: Token, rule: Type.String(), sentence: Type.String() })),
});
export type PolicyDryRun = Static<typeof PolicyDryRun>;

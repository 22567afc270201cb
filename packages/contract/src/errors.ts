import { type Static, Type } from 'typebox';
import { Token } from './tokens.js';

/** Every error body of the API (contract §2.1). Clients branch on `code`; `reason` says what exactly was wrong with a credential. */
export const ErrorEnvelope = Type.Object(
  {
    error: Type.String({ description: 'What happened, why, and the way out, for a person' }),
    code: Type.String({
      description: 'A symbolic code or the status as a string, whichever official clients compare with',
    }),
    reason: Type.Optional(Type.String()),
    help: Type.Optional(Type.String()),
    info: Type.Optional(Type.String({ description: 'Same text as `error`; browser clients read only this member' })),
    message: Type.Optional(Type.String()),
    status: Type.Optional(Type.Integer()),
    limitCents: Type.Optional(Type.Integer({ description: 'Of a 402: the spend limit' })),
    currentSpendCents: Type.Optional(Type.Integer({ description: 'Of a 402: what was spent in this month' })),
    err: Type.Optional(
      Type.Object(
        {
          name: Type.String(),
          issues: Type.Array(
            Type.Object({
              code: Type.String(),
              path: Type.Array(Type.String()),
              message: Type.String(),
              options: Type.Optional(Type.Array(Type.String())),
            }),
          ),
        },
        { description: 'Where a query is not valid: the parameters that are wrong (contract §2.1)' },
      ),
    ),
    tokens: Type.Optional(
      Type.Array(Token, { description: 'What a 409 asks about: tokens of a member to be removed' }),
    ),
  },
  { $id: 'Error' },
);
export type ErrorEnvelope = Static<typeof ErrorEnvelope>;

/** Why a credential was refused: the `reason` member of 401 and 403 answers. */
export const refusalReasons = [
  'no_credential',
  'malformed_token',
  'unknown_token',
  'expired_token',
  'revoked_token',
  'wrong_organization',
  'address_not_allowed',
  'blocked_by_policy',
  'missing_permission',
  'wrong_credential_kind',
  'recent_sign_in_required',
  'second_factor_required',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Error codes that belong to the platform and appear in its documentation (contract §2.1). */
export const platformCodes = {
  notReady: 'PCC-1001',
  atCapacity: 'PCC-AGENT-AT-CAPACITY',
  imageNotFound: 'PCC_IMAGE_NOT_FOUND',
  unknown: 'PCC_UNKNOWN_ERROR',
} as const;

/** Exit codes of the command line: what a pipeline can act on. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  noCredential: 4,
  credentialRejected: 5,
  forbidden: 6,
  wrongOrganization: 7,
  notFound: 8,
  conflict: 9,
  timedOut: 10,
  atCapacity: 11,
  unavailable: 12,
} as const;

/** What `/livez`, `/readyz` and `/leaderz` say when all is well. */
export const Health = Type.Object({ status: Type.String({ examples: ['ok'] }) });
export type Health = Static<typeof Health>;

/** The answer of every delete: clients of the contract read an empty object as "not found" (contract §2.4). */
export const StatusOk = Type.Object({ status: Type.Literal('OK') });
export type StatusOk = Static<typeof StatusOk>;

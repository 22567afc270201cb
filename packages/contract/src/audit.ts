import { type Static, Type } from 'typebox';

const Nullable = Type.Union([Type.String(), Type.Null()]);

/** Refusals come as `access.refused`, with how often since the last record in `detail.count`. */
export const AuditRecord = Type.Object(
  {
    seq: Type.Integer({ description: 'Position in the chain of the organization, from 1, without gaps' }),
    prevHash: Type.String({ description: '`hash` of the record before it' }),
    hash: Type.String({ description: 'SHA-256 of this record without this member, as JSON with sorted members' }),
    id: Type.String(),
    organizationId: Nullable,
    at: Type.String({ description: 'ISO 8601, UTC' }),
    actorKind: Type.String({ description: 'user, token, serviceAccount, apiKey, worker, system or nobody' }),
    actorId: Nullable,
    credentialId: Nullable,
    parentCredentialId: Nullable,
    address: Nullable,
    userAgent: Nullable,
    ciRun: Nullable,
    action: Type.String({ examples: ['secret.set_changed'] }),
    target: Nullable,
    detail: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  },
  { $id: 'AuditRecord' },
);
export type AuditRecord = Static<typeof AuditRecord>;

const time = (description: string) => Type.Optional(Type.String({ minLength: 4, maxLength: 40, description }));
const filter = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 300, description }));

export const AuditRange = Type.Object(
  { since: time('From this time on, ISO 8601'), until: time('Before this time, ISO 8601') },
  { additionalProperties: false },
);
export type AuditRange = Static<typeof AuditRange>;

export const AuditQuery = Type.Object(
  {
    ...AuditRange.properties,
    actor: filter(
      'Id or e-mail address of a person; id of a service account, worker or organization (for its keys); or a kind of actor',
    ),
    action: filter('Beginning of the action: `secret.` for all about secrets'),
    credential: filter('Id of the token or key, also of the one that it was derived from'),
    target: filter('What was acted on: an id or a name'),
    address: filter('Network address of the caller'),
    cursor: Type.Optional(Type.Integer({ minimum: 1, description: '`nextCursor` of the page before' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;

export const AuditList = Type.Object({
  records: Type.Array(AuditRecord, { description: 'Newest first' }),
  names: Type.Record(Type.String(), Type.String(), {
    description:
      'What ids in these records are called now: people by e-mail address, service accounts, tokens and keys by name',
  }),
  nextCursor: Type.Union([Type.Integer(), Type.Null()], { description: 'null on the last page' }),
});
export type AuditList = Static<typeof AuditList>;

export const AuditVerification = Type.Object({
  ok: Type.Boolean(),
  records: Type.Integer({ description: 'How many were checked, up to the first problem' }),
  from: Type.Integer({ description: 'The oldest that retention has left' }),
  to: Type.Integer(),
  headHash: Type.String({
    description: 'Hash of the newest record; keep it elsewhere to prove later that nothing was cut',
  }),
  problem: Type.Optional(Type.Object({ seq: Type.Integer(), what: Type.String() })),
});
export type AuditVerification = Static<typeof AuditVerification>;

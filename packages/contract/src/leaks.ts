import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';
import { pageQuery } from './paging.js';

/** Kinds as the answers of the leak desk name them. */
export const leakKinds = ['personal', 'serviceAccount', 'ci', 'oauth', 'refresh', 'private', 'public'] as const;
export type LeakKind = (typeof leakKinds)[number];

/** Credentials of one report. */
export const reportLimit = 1000;

/** `POST /v1/credentials/revoke`: whoever holds a credential may end it. */
export const RevokeCredentialsBody = Type.Object(
  {
    credentials: Type.Array(Type.String({ maxLength: 1024 }), {
      minItems: 1,
      maxItems: reportLimit,
      description: 'The values themselves; the answer has a result for each, in this order',
    }),
    reporter: Type.Optional(
      Type.String({ maxLength: 200, description: 'Who reports: a name, an address or a URL; kept in the audit log' }),
    ),
    url: Type.Optional(
      Type.String({ maxLength: 1000, description: 'Where the credentials were found; the owner gets to see it' }),
    ),
    notes: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  { additionalProperties: false },
);
export type RevokeCredentialsBody = Static<typeof RevokeCredentialsBody>;

export const revocationStatuses = ['revoked', 'already_ended', 'unknown', 'malformed', 'not_secret'] as const;

export const RevocationResult = Type.Object({
  status: Type.Enum([...revocationStatuses], {
    description:
      '`revoked`: it was live and is over. `already_ended`: it was revoked or had expired. `unknown`: no credential of this server. `malformed`: wrong shape or checksum. `not_secret`: a public key, which its pages show to everybody; only a member may revoke it',
  }),
  kind: Type.Optional(Type.Enum([...leakKinds])),
  id: Type.Optional(Type.String({ description: 'As lists and the audit log name it' })),
});
export type RevocationResult = Static<typeof RevocationResult>;

export const RevokedCredentials = Type.Object({ results: Type.Array(RevocationResult) });
export type RevokedCredentials = Static<typeof RevokedCredentials>;

export const leakPlaces = ['build_context', 'build_log', 'agent_log', 'secret_set', 'elsewhere'] as const;
export type LeakPlace = (typeof leakPlaces)[number];

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** A live credential that was found where it should not be. One for each credential and place, however often it is seen. */
export const LeakFinding = Type.Object({
  id: Type.String(),
  credential: Type.Object({
    kind: Type.Enum([...leakKinds]),
    id: nullable(Type.String({ description: 'Null where it belongs to somebody outside this organization' })),
    masked: Type.String(),
  }),
  place: Type.Object({
    kind: Type.Enum([...leakPlaces], { description: '`elsewhere`: with another organization of this server' }),
    name: Type.String({
      description: 'File and line of a build context, name of an agent, Dockerfile of a build, set/KEY',
    }),
    reference: nullable(Type.String({ description: 'Build or deployment in which it was last seen' })),
  }),
  firstSeenAt: Timestamp,
  lastSeenAt: Timestamp,
  count: Type.Integer({ description: 'How often it was seen there' }),
  revoked: Type.Boolean({ description: "Ended at once, because an organization's policy says so" }),
});
export type LeakFinding = Static<typeof LeakFinding>;

export const LeakQuery = Type.Object(pageQuery(50, 200), { additionalProperties: false });
export type LeakQuery = Partial<Static<typeof LeakQuery>>;

export const LeakList = Type.Object({
  findings: Type.Array(LeakFinding),
  total: Type.Integer(),
  limit: Type.Integer(),
  offset: Type.Integer(),
});
export type LeakList = Static<typeof LeakList>;

/** `GET /.well-known/pipecat-credentials`: how credentials look, for scanners. */
export const CredentialFormat = Type.Object(
  {
    issuer: Type.String(),
    credentials: Type.Array(
      Type.Object({
        kind: Type.Enum([...leakKinds]),
        description: Type.String(),
        visibility: Type.String(),
        prefix: Type.String(),
        length: Type.Integer(),
        regex: Type.String(),
        example: Type.String(),
      }),
    ),
    regex: Type.String({ description: 'Matches all of them; the checksum tells ours from those of others' }),
  },
  { additionalProperties: true },
);
export type CredentialFormat = Static<typeof CredentialFormat>;

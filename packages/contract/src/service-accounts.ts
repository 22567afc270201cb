import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';
import { roles } from './permissions.js';

/** Never `owner`: what an owner alone may do is for people. */
export const serviceAccountRoles = roles.filter((role) => role !== 'owner');
export const ServiceAccountName = Type.String({
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  minLength: 2,
  maxLength: 63,
  description: 'Lower-case letters, digits and dashes',
});

/** What may exchange an identity token of a CI system for a token of the service account, without a stored secret. */
export const Trust = Type.Object({
  id: Type.String(),
  issuer: Type.String(),
  audience: Type.String(),
  conditions: Type.Record(Type.String(), Type.String()),
});

export const ServiceAccount = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  role: Type.Enum(serviceAccountRoles),
  createdAt: Timestamp,
  disabledAt: Type.Union([Timestamp, Type.Null()]),
  liveTokens: Type.Integer(),
  trusts: Type.Array(Trust),
});
export type ServiceAccount = Static<typeof ServiceAccount>;
export const ServiceAccountList = Type.Object({ serviceAccounts: Type.Array(ServiceAccount) });
export type ServiceAccountList = Static<typeof ServiceAccountList>;
export const ServiceAccountEnvelope = Type.Object({ serviceAccount: ServiceAccount });

export const CreateServiceAccountBody = Type.Object(
  {
    name: ServiceAccountName,
    role: Type.Enum(serviceAccountRoles),
    description: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);
export type CreateServiceAccountBody = Static<typeof CreateServiceAccountBody>;

/** `disabled: true` refuses all its tokens until it is taken back. */
export const UpdateServiceAccountBody = Type.Object(
  {
    role: Type.Optional(Type.Enum(serviceAccountRoles)),
    description: Type.Optional(Type.String({ maxLength: 500 })),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type UpdateServiceAccountBody = Static<typeof UpdateServiceAccountBody>;

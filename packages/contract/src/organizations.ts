import { type Static, Type } from 'typebox';
import { OrganizationName } from './names.js';

/** `GET /v1/organizations` (contract §3.8). The order is part of the contract: the caller's default comes first. */
export const OrganizationList = Type.Object({
  organizations: Type.Array(
    Type.Object({
      name: Type.String({ description: 'What clients send back as {org}' }),
      verboseName: Type.String(),
      id: Type.Optional(Type.String()),
      role: Type.Optional(Type.String()),
    }),
  ),
});
export type OrganizationList = Static<typeof OrganizationList>;

/** `GET …/daily`: empty unless the credential holds `daily_key:read` explicitly. */
export const DailyKey = Type.Object({ apiKey: Type.Optional(Type.String()) });
export type DailyKey = Static<typeof DailyKey>;

const verboseName = Type.String({ minLength: 1, maxLength: 100 });
export const CreateOrganizationBody = Type.Object(
  { name: OrganizationName, verboseName: Type.Optional(verboseName) },
  { additionalProperties: false },
);
export type CreateOrganizationBody = Static<typeof CreateOrganizationBody>;
export const UpdateOrganizationBody = Type.Object({ verboseName }, { additionalProperties: false });
export type UpdateOrganizationBody = Static<typeof UpdateOrganizationBody>;
export const OrganizationEnvelope = Type.Object({
  organization: Type.Object({
    id: Type.String(),
    name: Type.String(),
    verboseName: Type.String(),
    role: Type.String(),
  }),
});
export type OrganizationEnvelope = Static<typeof OrganizationEnvelope>;

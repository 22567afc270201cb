import { type Static, Type } from 'typebox';
import { OrganizationName } from './names.js';

/** `GET /v1/users` (contract §3.8). */
export const WhoAmI = Type.Object({
  user: Type.Object({
    userId: Type.String(),
    emails: Type.Array(Type.Object({ emailAddress: Type.String() })),
  }),
});
export type WhoAmI = Static<typeof WhoAmI>;

export const Email = Type.String({ minLength: 3, maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$' });

/** First sign-in of the owner, with the one-time code that the terminal printed. */
export const SetupBody = Type.Object(
  {
    code: Type.String({ maxLength: 200 }),
    email: Type.Optional(Email),
    organizationName: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  { additionalProperties: false },
);
export type SetupBody = Static<typeof SetupBody>;

/** Asks for a one-time code by e-mail. The answer is the same whether the address is known or not. */
export const SignInCodeBody = Type.Object({ email: Email }, { additionalProperties: false });
export type SignInCodeBody = Static<typeof SignInCodeBody>;

export const SignInBody = Type.Object(
  { email: Email, code: Type.String({ pattern: '^[0-9]{8}$' }) },
  { additionalProperties: false },
);
export type SignInBody = Static<typeof SignInBody>;

/** `PATCH /v1/users`: the organization that comes first in `GET /v1/organizations`. */
export const UpdateAccountBody = Type.Object(
  { defaultOrganization: OrganizationName },
  { additionalProperties: false },
);
export type UpdateAccountBody = Static<typeof UpdateAccountBody>;

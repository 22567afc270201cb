import { type Static, Type } from 'typebox';
import { Email } from './accounts.js';
import { Timestamp } from './names.js';

/** What a person has shown of themselves in a session. `passkey` always with user verification: two factors in one. */
export const factors = ['setup', 'invitation', 'email', 'password', 'passkey', 'oidc', 'recovery'] as const;
export const FactorName = Type.Enum([...factors]);
export type FactorName = Static<typeof FactorName>;

/** Longest and shortest password, in characters. Long rather than odd: no rule asks for digits or signs. */
export const passwordLength = { min: 12, max: 128 } as const;
const NewPassword = Type.String({ minLength: passwordLength.min, maxLength: passwordLength.max });
/** Checked, not chosen: a wrong one of any length gets the same refusal. */
const TypedPassword = Type.String({ minLength: 1, maxLength: passwordLength.max });
export const EmailCode = Type.String({ pattern: '^[0-9]{8}$' });

/** `GET /auth/methods`: what the sign-in page offers. It says nothing of any person. */
export const SignInMethods = Type.Object({
  emailCode: Type.Literal(true),
  password: Type.Boolean(),
  passkey: Type.Boolean({ description: 'False over plain http to another machine, where browsers offer none' }),
  oidc: Type.Union([Type.Object({ label: Type.String() }), Type.Null()]),
});
export type SignInMethods = Static<typeof SignInMethods>;

export const PasswordSignInBody = Type.Object(
  { email: Email, password: TypedPassword },
  { additionalProperties: false },
);
export type PasswordSignInBody = Static<typeof PasswordSignInBody>;

/** What the browser's credential API is given; the browser library knows its members. */
export const PasskeyOptions = Type.Object({ options: Type.Object({}, { additionalProperties: true }) });
export type PasskeyOptions = Static<typeof PasskeyOptions>;

const Base64Url = (maxLength: number) => Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength });
const credential = {
  id: Base64Url(1400),
  rawId: Base64Url(1400),
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(Type.String({ maxLength: 40 })),
  clientExtensionResults: Type.Object({}, { additionalProperties: true }),
};
/** The browser's answer to a registration (WebAuthn `RegistrationResponseJSON`). */
export const PasskeyRegistration = Type.Object({
  ...credential,
  response: Type.Object({
    clientDataJSON: Base64Url(8_000),
    attestationObject: Base64Url(64_000),
    authenticatorData: Type.Optional(Base64Url(8_000)),
    transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 10 })),
    publicKeyAlgorithm: Type.Optional(Type.Integer()),
    publicKey: Type.Optional(Base64Url(8_000)),
  }),
});
export type PasskeyRegistration = Static<typeof PasskeyRegistration>;
/** The browser's answer to a challenge (WebAuthn `AuthenticationResponseJSON`). */
export const PasskeyAssertion = Type.Object({
  ...credential,
  response: Type.Object({
    clientDataJSON: Base64Url(8_000),
    authenticatorData: Base64Url(8_000),
    signature: Base64Url(2_000),
    userHandle: Type.Optional(Base64Url(200)),
  }),
});
export type PasskeyAssertion = Static<typeof PasskeyAssertion>;
export const PasskeySignInBody = Type.Object({ response: PasskeyAssertion }, { additionalProperties: false });
export type PasskeySignInBody = Static<typeof PasskeySignInBody>;

const PasskeyName = Type.String({ minLength: 1, maxLength: 60, pattern: '\\S' });
export const Passkey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  createdAt: Timestamp,
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
  backedUp: Type.Boolean({ description: 'Kept by a password manager on several devices' }),
});
export type Passkey = Static<typeof Passkey>;
export const PasskeyList = Type.Object({ passkeys: Type.Array(Passkey) });
export type PasskeyList = Static<typeof PasskeyList>;
export const PasskeyEnvelope = Type.Object({ passkey: Passkey });
export type PasskeyEnvelope = Static<typeof PasskeyEnvelope>;
export const AddPasskeyBody = Type.Object(
  { name: PasskeyName, response: PasskeyRegistration },
  { additionalProperties: false },
);
export type AddPasskeyBody = Static<typeof AddPasskeyBody>;
export const RenamePasskeyBody = Type.Object({ name: PasskeyName }, { additionalProperties: false });
export type RenamePasskeyBody = Static<typeof RenamePasskeyBody>;

/** `PUT /v1/users/self/password`. Without the current password the sign-in must be younger than ten minutes. */
export const PutPasswordBody = Type.Object(
  { password: NewPassword, currentPassword: Type.Optional(TypedPassword) },
  { additionalProperties: false },
);
export type PutPasswordBody = Static<typeof PutPasswordBody>;

/** `POST /v1/users/self/recovery-codes`: shown this once. Those of before stop working. */
export const RecoveryCodeList = Type.Object({ codes: Type.Array(Type.String()) });
export type RecoveryCodeList = Static<typeof RecoveryCodeList>;

/** Proof of one more factor in the session of the request; exactly one member. */
export const StepUpBody = Type.Object(
  {
    code: Type.Optional(EmailCode),
    password: Type.Optional(TypedPassword),
    passkey: Type.Optional(PasskeyAssertion),
    recoveryCode: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
);
export type StepUpBody = Static<typeof StepUpBody>;

/** One of a person's dashboard sessions: one browser. */
export const DashboardSession = Type.Object({
  id: Type.String(),
  current: Type.Boolean(),
  createdAt: Timestamp,
  lastSeenAt: Timestamp,
  expiresAt: Timestamp,
  address: Type.Union([Type.String(), Type.Null()]),
  userAgent: Type.Union([Type.String(), Type.Null()]),
  factors: Type.Array(FactorName),
  secondFactor: Type.Boolean(),
});
export type DashboardSession = Static<typeof DashboardSession>;
export const DashboardSessionList = Type.Object({ sessions: Type.Array(DashboardSession) });
export type DashboardSessionList = Static<typeof DashboardSessionList>;

/** `GET /v1/users/self/security`: how the person signs in, and what the session of the request has shown. */
export const SecurityFacts = Type.Object({
  email: Type.String(),
  passwords: Type.Boolean({ description: 'The installation offers passwords' }),
  hasPassword: Type.Boolean(),
  passkeysOffered: Type.Boolean(),
  passkeys: Type.Integer(),
  recoveryCodes: Type.Integer({ description: 'Those that were not used yet' }),
  oidc: Type.Union([Type.Object({ label: Type.String(), linked: Type.Boolean() }), Type.Null()]),
  factors: Type.Array(FactorName),
  secondFactor: Type.Boolean(),
  stepUp: Type.Array(
    Type.Object({
      by: Type.Enum(['email', 'password', 'passkey', 'recovery']),
      secondFactor: Type.Boolean({ description: 'Shown in this session, it makes two factors' }),
    }),
    { description: 'What the person can show in this session' },
  ),
  recentlySignedIn: Type.Boolean(),
});
export type SecurityFacts = Static<typeof SecurityFacts>;

import { type Static, Type } from 'typebox';

/** The client that every command line uses: public, native, with no secret. */
export const oauthClientId = 'pcc-cli';
export const oauthScopes = 'openid profile email offline_access';
export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code';

/** `GET /auth/config` (contract §3.2). */
export const AuthConfig = Type.Object({
  issuer: Type.String({ description: 'Without a trailing slash' }),
  client_id: Type.String(),
  scopes: Type.String({ description: 'Separated by spaces' }),
});
export type AuthConfig = Static<typeof AuthConfig>;

/** What OAuth libraries read first (RFC 8414); they know its members. */
export const DiscoveryDocument = Type.Object(
  {
    issuer: Type.String(),
    authorization_endpoint: Type.String(),
    token_endpoint: Type.String(),
    revocation_endpoint: Type.String(),
    device_authorization_endpoint: Type.String(),
    jwks_uri: Type.String(),
  },
  { additionalProperties: true },
);
export type DiscoveryDocument = Static<typeof DiscoveryDocument>;

/** `GET /oauth/jwks`: public keys (RFC 7517). */
export const SigningKeys = Type.Object({
  keys: Type.Array(Type.Object({ kty: Type.String(), kid: Type.String() }, { additionalProperties: true })),
});
export type SigningKeys = Static<typeof SigningKeys>;

/** How the protocol's own endpoints refuse (RFC 6749). */
export const OauthError = Type.Object({
  error: Type.String(),
  error_description: Type.Optional(Type.String()),
});
export type OauthError = Static<typeof OauthError>;

/** `POST /auth/logout` (contract §3.6). Clients that keep no refresh token send none. */
export const LogoutBody = Type.Object({ refresh_token: Type.Optional(Type.String({ maxLength: 255 })) });
export type LogoutBody = Static<typeof LogoutBody>;

/** What a person is asked to allow: who asks, from where, what it gets. */
export const OauthRequest = Type.Object({
  clientName: Type.String(),
  /** Where the answer goes: a port of the person's own machine, or a device that waits elsewhere. */
  kind: Type.Union([Type.Literal('browser'), Type.Literal('device')]),
  redirectUri: Type.Union([Type.String(), Type.Null()]),
  address: Type.Union([Type.String(), Type.Null()]),
  userAgent: Type.Union([Type.String(), Type.Null()]),
  requestedAt: Type.String(),
  expiresAt: Type.String(),
  scopes: Type.Array(Type.String()),
});
export type OauthRequest = Static<typeof OauthRequest>;

const decision = Type.Union([Type.Literal('allow'), Type.Literal('deny')]);

export const OauthDecisionBody = Type.Object({ decision }, { additionalProperties: false });
export type OauthDecisionBody = Static<typeof OauthDecisionBody>;
/** The browser goes on there; it is an address of this server. */
export const OauthDecided = Type.Object({ continueAt: Type.String() });
export type OauthDecided = Static<typeof OauthDecided>;

/** As a person types it: letters of either case, dashes and spaces left out or not. */
const userCode = Type.String({ minLength: 8, maxLength: 20 });
export const DeviceCodeBody = Type.Object({ userCode }, { additionalProperties: false });
export type DeviceCodeBody = Static<typeof DeviceCodeBody>;
export const DeviceDecisionBody = Type.Object({ userCode, decision }, { additionalProperties: false });
export type DeviceDecisionBody = Static<typeof DeviceDecisionBody>;

/** A sign-in of the command line: a grant and all tokens that it led to. */
export const Login = Type.Object({
  id: Type.String(),
  clientName: Type.String(),
  via: Type.Union([Type.Literal('browser'), Type.Literal('device')]),
  /** Of what asked for it. */
  address: Type.Union([Type.String(), Type.Null()]),
  userAgent: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.String(),
  /** When it has to be made again, however often it is used. */
  expiresAt: Type.String(),
  /** When tokens were last issued to it. */
  lastIssuedAt: Type.Union([Type.String(), Type.Null()]),
  /** The request that lists them came with it. */
  current: Type.Boolean(),
});
export type Login = Static<typeof Login>;
export const LoginList = Type.Object({ logins: Type.Array(Login) });
export type LoginList = Static<typeof LoginList>;

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { deviceGrantType, oauthScopes } from '@pipecat-cloud/contract/oauth';

/** Paths below the issuer. The page for device codes is the dashboard's. */
export const oauthPaths = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  revocation: '/oauth/revoke',
  jwks: '/oauth/jwks',
  deviceAuthorization: '/oauth/device/code',
  devicePage: '/device',
  consentPage: '/oauth/consent',
} as const;

export const grantTypes = ['authorization_code', 'refresh_token', deviceGrantType] as const;
export const claimsByScope = { openid: ['sub'], email: ['email'], profile: ['name'] };
export const clientNames: Readonly<Record<string, string>> = { 'pcc-cli': 'Pipecat Cloud command line' };
/** Shown where a client has no name any more. */
export const nameOfClient = (clientId: string) => clientNames[clientId] ?? clientId;

/**
 * The discovery document (OpenID Connect Discovery, RFC 8414), by hand so that asking for it loads no library. A test compares it
 * with the library's own.
 */
export function discoveryDocument(issuer: string) {
  return {
    issuer,
    authorization_endpoint: issuer + oauthPaths.authorization,
    token_endpoint: issuer + oauthPaths.token,
    revocation_endpoint: issuer + oauthPaths.revocation,
    device_authorization_endpoint: issuer + oauthPaths.deviceAuthorization,
    jwks_uri: issuer + oauthPaths.jwks,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [...grantTypes],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    scopes_supported: oauthScopes.split(' '),
    claims_supported: Object.values(claimsByScope).flat(),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** The key of ID tokens as the library and as `jwks_uri` want it. */
export function signingKeys(key: KeyObject) {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638: the required members in this order.
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  const facts = { kid: createHash('sha256').update(canonical).digest('base64url'), alg: 'ES256', use: 'sig' };
  return {
    own: { keys: [{ ...key.export({ format: 'jwk' }), ...facts }] },
    shown: { keys: [{ ...jwk, ...facts }] },
  };
}

import type { Configuration } from 'openid-client';
import type { OidcConfig } from '../config/sign-in-config.js';
import { derive } from './browser-attempts.js';
import type { Claims } from './oidc-admission.js';

const discoveryHours = 1;
const timeoutSeconds = 10;
/** Loaded at first use: the process at rest does without it. */
const load = () => import('openid-client');

/** The outside provider: where to send a browser, and what the provider says of the person who came back. */
export interface OidcProvider {
  /** Where the browser goes. Throws when the provider does not answer. */
  authorizationUrl(secret: string): Promise<string>;
  /** `query` is the callback's, with its question mark. Throws for whatever is wrong with the answer or what follows. */
  claims(query: string, secret: string): Promise<Claims>;
}

/**
 * Authorization code with PKCE, state and nonce, all derived from the browser's secret. The library checks state, issuer (also the
 * `iss` of the answer, RFC 9207), audience, nonce, times and, since we ask for it, the ID token's signature.
 */
export function createOidcProvider(config: OidcConfig, publicUrl: string): OidcProvider {
  const redirectUri = `${publicUrl}/auth/oidc/callback`;
  let known: { configuration: Promise<Configuration>; since: number } | undefined;

  async function discover(): Promise<Configuration> {
    const client = await load();
    const secret = await config.clientSecret?.();
    const insecure = config.issuer.startsWith('http:') ? [client.allowInsecureRequests] : [];
    const options = { timeout: timeoutSeconds, execute: insecure };
    const found = await client.discovery(new URL(config.issuer), config.clientId, undefined, client.None(), options);
    const metadata = found.serverMetadata();
    const supported = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const authentication =
      secret === undefined
        ? client.None()
        : supported.includes('client_secret_basic')
          ? client.ClientSecretBasic(secret)
          : client.ClientSecretPost(secret);
    const configuration = new client.Configuration(metadata, config.clientId, undefined, authentication);
    configuration.timeout = timeoutSeconds;
    for (const allow of insecure) allow(configuration);
    client.enableNonRepudiationChecks(configuration);
    return configuration;
  }

  /** One discovery for all who come at once; a failed one is not kept. */
  async function configured(): Promise<Configuration> {
    const now = performance.now();
    if (!known || now - known.since > discoveryHours * 3_600_000) {
      known = { configuration: discover(), since: now };
      known.configuration.catch(() => {
        known = undefined;
      });
    }
    return await known.configuration;
  }

  return {
    async authorizationUrl(secret) {
      const client = await load();
      const url = client.buildAuthorizationUrl(await configured(), {
        redirect_uri: redirectUri,
        scope: config.scopes,
        state: text(secret, 'state'),
        nonce: text(secret, 'nonce'),
        code_challenge: await client.calculatePKCECodeChallenge(text(secret, 'verifier')),
        code_challenge_method: 'S256',
        ...(config.secondFactorAcr.length > 0 ? { acr_values: config.secondFactorAcr.join(' ') } : {}),
      });
      return url.href;
    },

    async claims(query, secret) {
      const client = await load();
      const configuration = await configured();
      const tokens = await client.authorizationCodeGrant(configuration, new URL(redirectUri + query), {
        pkceCodeVerifier: text(secret, 'verifier'),
        expectedState: text(secret, 'state'),
        expectedNonce: text(secret, 'nonce'),
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new Error('The provider sent no ID token');
      const wanted = ['email', 'email_verified', ...(config.requiredClaim ? [config.requiredClaim.name] : [])];
      const complete = wanted.every((name) => name in claims);
      if (complete || !configuration.serverMetadata().userinfo_endpoint) return { ...claims };
      const more = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      // What is signed goes before what is not.
      return { ...more, ...claims };
    },
  };
}

const text = (secret: string, label: 'state' | 'nonce' | 'verifier') => derive(secret, label).toString('base64url');

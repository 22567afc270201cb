import { hkdfSync } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { oauthClientId } from '@pipecat-cloud/contract/oauth';
import type { Configuration, JWKS, Provider } from 'oidc-provider';
import type { Logger } from 'pino';
import { mintCredential } from '../access/credential-digests.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import type { Clock, Ids } from '../system.js';
import { createOauthAdapter } from './oauth-adapter.js';
import { claimsByScope, grantTypes, nameOfClient, oauthPaths, signingKeys } from './oauth-endpoints.js';
import { renderOauthError } from './oauth-error-page.js';
import type { RecordDigests } from './record-digests.js';
import type { RecordSeal } from './record-seal.js';

const minute = 60;
const day = 24 * 60 * minute;
/** A sign-in that is not used for this long ends. */
const refreshIdleSeconds = 30 * day;
/** However often it is used, a sign-in is made again after this long. */
export const loginSeconds = 90 * day;

export interface OauthProviderDeps {
  issuer: string;
  keys: Pick<Keys, 'signing' | 'oidc'>;
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  digests: RecordDigests;
  seal: RecordSeal;
  endReplayed: (grantDigest: string) => Promise<void>;
}

/** The library's server, loaded and made at the first call: it takes a sixth of a second and much memory that most starts never need. */
export function createLazyProvider(deps: OauthProviderDeps): () => Promise<Provider> {
  let made: Promise<Provider> | undefined;
  return () => {
    made ??= createProvider(deps).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

async function createProvider(deps: OauthProviderDeps): Promise<Provider> {
  const { issuer, ids, log } = deps;
  const library = await import('oidc-provider');
  const { errors } = library;
  const adapter = createOauthAdapter({
    ...deps,
    alreadyUsed: () => new errors.InvalidGrant('this code or refresh token was used already'),
  });
  const { Prompt, Check } = library.interactionPolicy;
  const consent = new Prompt(
    { name: 'consent', requestable: true },
    new Check('every_time', 'each sign-in is allowed by the person', (ctx) =>
      ctx.oidc.result?.consent === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  const provider = new library.Provider(issuer, configurationOf(deps, adapter, [consent]));
  // Every address in its answers is the issuer's: the routes set the forwarded headers, whatever the request said.
  provider.proxy = true;
  // With prefix and checksum, so that a malformed one costs no query and a lost one is found by scanners.
  Object.assign(provider.AccessToken.prototype, {
    generateTokenId(this: { format: string }) {
      this.format = 'opaque';
      return mintCredential(ids, 'oauth').value;
    },
  });
  Object.assign(provider.RefreshToken.prototype, { generateTokenId: () => mintCredential(ids, 'refresh').value });
  provider.on('server_error', (_ctx, err) => log.error({ err }, 'an OAuth request failed'));
  // Without a listener the library would print them.
  const events: EventEmitter = provider;
  events.on('error', (err) => log.error({ err }, 'an OAuth request failed'));
  return provider;
}

function configurationOf(
  { store, keys }: OauthProviderDeps,
  adapter: Configuration['adapter'],
  policy: NonNullable<NonNullable<Configuration['interactions']>['policy']>,
): Configuration {
  return {
    adapter,
    clients: [
      {
        client_id: oauthClientId,
        client_name: nameOfClient(oauthClientId),
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: [...grantTypes],
        response_types: ['code'],
        // RFC 8252: of a native client any port of the loopback address is meant.
        redirect_uris: ['http://127.0.0.1/oauth_callback', 'http://[::1]/oauth_callback'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['none'],
    responseTypes: ['code'],
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: claimsByScope,
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    jwks: signingKeys(keys.oidc).own as JWKS,
    cookies: {
      keys: [
        Buffer.from(hkdfSync('sha256', keys.signing, '', 'pipecat-cloud oauth cookies', 32)).toString('base64url'),
      ],
      names: { session: 'pcc_oauth', interaction: 'pcc_oauth_request', resume: 'pcc_oauth_resume' },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/oauth' },
      // Read by the API behind the consent page.
      short: { signed: true, httpOnly: true, sameSite: 'lax', path: '/' },
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****' },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    routes: {
      authorization: oauthPaths.authorization,
      token: oauthPaths.token,
      jwks: oauthPaths.jwks,
      device_authorization: oauthPaths.deviceAuthorization,
      code_verification: oauthPaths.devicePage,
    },
    ttl: {
      AccessToken: 60 * minute,
      AuthorizationCode: minute,
      DeviceCode: 10 * minute,
      Grant: loginSeconds,
      IdToken: 60 * minute,
      Interaction: 15 * minute,
      RefreshToken: (_ctx, token) =>
        Math.max(1, Math.min(refreshIdleSeconds, loginSeconds - Math.floor(token.totalLifetime()))),
      Session: 15 * minute,
    },
    interactions: {
      policy,
      url: (_ctx, { uid }) => `${oauthPaths.consentPage}?uid=${encodeURIComponent(uid)}`,
    },
    // A grant of its own for each sign-in, so that one can end without the others.
    async loadExistingGrant(ctx) {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : await ctx.oidc.provider.Grant.find(grantId);
    },
    expiresWithSession: () => false,
    // Official clients ask for offline_access without `prompt=consent`, which would have it dropped.
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    clientBasedCORS: () => false,
    async findAccount(_ctx, sub) {
      const account = await store.accounts.find(sub);
      if (!account) return undefined;
      return {
        accountId: account.id,
        claims: async () => ({ sub: account.id, email: account.email, name: account.email }),
      };
    },
    renderError: renderOauthError,
  };
}

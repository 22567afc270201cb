import type { KeyObject } from 'node:crypto';
import {
  AuthConfig,
  DiscoveryDocument,
  deviceGrantType,
  oauthClientId,
  oauthScopes,
  SigningKeys,
} from '@pipecat-cloud/contract/oauth';
import { kindOf, parseToken } from '@pipecat-cloud/contract/token-format';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Actor } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import type { Store } from '../db/store.js';
import { actorOfRequest } from '../http/request.js';
import type { Clock } from '../system.js';
import { discoveryDocument, grantTypes, oauthPaths, signingKeys } from './oauth-endpoints.js';
import type { OauthLogins } from './oauth-logins.js';
import { answerByProvider } from './provider-request.js';
import type { RecordDigests } from './record-digests.js';

export interface OauthRoutesOptions {
  issuer: string;
  signingKey: KeyObject;
  provider: () => Promise<Provider>;
  store: Store;
  clock: Clock;
  digests: RecordDigests;
  logins: OauthLogins;
  /** Ends a credential that is no OAuth token, for whoever holds it. False where none has this value. */
  revokeCredential?: ((value: string, actor: Actor) => Promise<boolean>) | undefined;
}

const bodyLimitBytes = 32 * 1024;
/** RFC 8628: five seconds, where the answer names no interval; one is let off for a clock or a network that hurries. */
const pollGraceMs = 4_000;
const jsonHeaders = { 'cache-control': 'no-store', pragma: 'no-cache' };
const plain = new Set(['personal', 'serviceAccount', 'ci', 'private', 'public']);

/** The protocol's own endpoints. What the library must judge goes to it; discovery, keys and revocation need no library. */
export async function oauthRoutes(app: FastifyInstance, options: OauthRoutesOptions): Promise<void> {
  const { issuer, provider, store, clock, digests, logins } = options;
  const discovery = discoveryDocument(issuer);
  const { shown } = signingKeys(options.signingKey);
  // Each of these requests stores something for a caller that nobody knows yet.
  const beginnings = createThrottle({ clock, limit: 120, windowSeconds: 600 });
  const throttle = async (request: FastifyRequest) => {
    beginnings.check(request.ip);
    beginnings.fail(request.ip);
  };

  const guesses = createThrottle({ clock, limit: 60, windowSeconds: 60 });
  // Of its own, so that who hands in what is not there may still renew a sign-in.
  const misses = createThrottle({ clock, limit: 60, windowSeconds: 60 });

  app.get('/auth/config', { schema: { response: { 200: AuthConfig } } }, async () => ({
    issuer,
    client_id: oauthClientId,
    scopes: oauthScopes,
  }));
  const described = { schema: { response: { 200: DiscoveryDocument } } };
  app.get('/.well-known/openid-configuration', described, async () => discovery);
  app.get('/.well-known/oauth-authorization-server', described, async () => discovery);
  app.get(oauthPaths.jwks, { schema: { response: { 200: SigningKeys } } }, async () => shown);

  await app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
      (_request, body, done) => done(null, body),
    );
    forms.setErrorHandler((error, _request, reply) => {
      const { statusCode = 500, message } = error as { statusCode?: number; message: string };
      if (statusCode >= 500 || statusCode === 429) throw error;
      return reply.status(400).headers(jsonHeaders).send({ error: 'invalid_request', error_description: message });
    });

    forms.get(oauthPaths.authorization, { onRequest: throttle }, async (request, reply) =>
      answerByProvider(await provider(), request, reply, issuer),
    );
    forms.get(`${oauthPaths.authorization}/:uid`, async (request, reply) =>
      answerByProvider(await provider(), request, reply, issuer),
    );
    forms.post(oauthPaths.deviceAuthorization, { onRequest: throttle }, async (request, reply) =>
      answerByProvider(await provider(), request, reply, issuer),
    );

    forms.post(oauthPaths.token, async (request, reply) => {
      const form = formOf(request);
      const grantType = form.get('grant_type') ?? '';
      // Token exchange (RFC 8693), by which a CI job gets its token, has its place here: one more grant type.
      if (grantType !== '' && !(grantTypes as readonly string[]).includes(grantType)) {
        return reply
          .status(400)
          .headers(jsonHeaders)
          .send({
            error: 'unsupported_grant_type',
            error_description: `This server issues tokens for ${grantTypes.join(', ')}`,
          });
      }
      if (grantType === deviceGrantType && !(await mayPoll(form.get('device_code') ?? ''))) {
        return reply.status(400).headers(jsonHeaders).send({
          error: 'slow_down',
          error_description: 'Ask every five seconds at most, and from now on wait five seconds longer each time',
        });
      }
      guesses.check(request.ip);
      await answerByProvider(await provider(), request, reply, issuer);
      // A device that waits is refused every five seconds, and guesses nothing.
      if (reply.raw.statusCode >= 400 && grantType !== deviceGrantType) guesses.fail(request.ip);
    });

    /**
     * RFC 7009. Whoever holds a token may end it, so no client is asked for, and the answer tells nothing of it. Each look into the
     * database that finds nothing counts as a guess; what is malformed costs none.
     */
    forms.post(oauthPaths.revocation, async (request, reply) => {
      const token = formOf(request).get('token') ?? '';
      if (token === '') {
        return reply
          .status(400)
          .headers(jsonHeaders)
          .send({ error: 'invalid_request', error_description: "'token' is missing" });
      }
      if (parseToken(token)) {
        misses.check(request.ip);
        if (!(await endHeld(token, actorOfRequest(request)))) misses.fail(request.ip);
      }
      return reply.headers(jsonHeaders).send({});
    });
  });

  async function endHeld(token: string, actor: Actor): Promise<boolean> {
    const kind = kindOf(token);
    if (kind === undefined || !plain.has(kind)) return await logins.endByValues([token], 'revoked', actor);
    return (await options.revokeCredential?.(token, actor)) ?? false;
  }

  async function mayPoll(deviceCode: string): Promise<boolean> {
    if (!/^[\w-]{20,100}$/.test(deviceCode)) return true;
    const now = clock.now();
    const notAfter = new Date(now.getTime() - pollGraceMs);
    return await store.oauthRecords.poll('DeviceCode', digests.ofId('DeviceCode', deviceCode), now, notAfter);
  }
}

function formOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
}

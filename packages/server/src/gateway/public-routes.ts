import replyFrom from '@fastify/reply-from';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { StartBody, StartedSession } from '@pipecat-cloud/contract/sessions';
import { hopHeader } from '@pipecat-cloud/contract/worker';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Store } from '../db/store.js';
import { AppError } from '../errors.js';
import { actorOfRequest, principalOf } from '../http/request.js';
import type { Organization, SessionService } from '../sessions/session-service.js';
import type { HopSigner } from '../workers/hop-signer.js';
import { containerPath } from './container-path.js';
import type { SessionPlaces } from './session-places.js';

interface PublicDeps {
  store: Store;
  sessions: SessionService;
  places: SessionPlaces;
  hops: HopSigner;
}

/** Bytes of a proxied body; the container decides what it makes of them (contract §8.9). */
const proxyBodyLimit = 100 * 1024 * 1024;

/** `/v1/public`: what browsers and servers call with a public key. The key's row gives the organization. */
export const publicRoutes: FastifyPluginAsyncTypebox<PublicDeps> = async (app, { store, sessions, places, hops }) => {
  async function organizationOfKey(request: FastifyRequest): Promise<Organization> {
    const principal = principalOf(request);
    const organization =
      principal.kind === 'apiKey' ? await store.organizations.find(principal.organizationId) : undefined;
    if (!organization) throw new Error('A public key without an organization');
    return organization;
  }

  app.addHook('onRequest', async (request, reply) => allowCrossOrigin(request, reply));
  app.options('/v1/public/*', async (_request, reply) => reply.status(204).send());

  app.post(
    '/v1/public/:agent/start',
    {
      schema: {
        params: Type.Object({ agent: Type.String() }),
        body: Type.Optional(StartBody),
        response: { 200: StartedSession, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
    },
    async (request) =>
      await sessions.start(
        await organizationOfKey(request),
        request.params.agent,
        actorOfRequest(request),
        request.body ?? {},
      ),
  );

  await app.register(async (proxy) => {
    await proxy.register(replyFrom, {
      disableCache: false,
      undici: { connections: 256, bodyTimeout: 0, headersTimeout: 60_000 },
    });
    // Bodies pass as they come, whatever their type.
    proxy.removeAllContentTypeParsers();
    proxy.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    proxy.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
      url: '/v1/public/:agent/sessions/:id/*',
      bodyLimit: proxyBodyLimit,
      handler: async (request, reply) => {
        const { agent: agentName, id, '*': rest } = request.params as { agent: string; id: string; '*': string };
        const path = containerPath(rest);
        const organization = await organizationOfKey(request);
        const session = await sessions.find(organization.id, agentName, id);
        const place = await places.of(session);
        const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
        await reply.from(`${place.dataUrl}/instances/${place.instanceId}/${path}${query}`, {
          rewriteRequestHeaders: (_original, headers) => {
            const { authorization: _, cookie: _cookie, ...passed } = headers;
            return { ...passed, [hopHeader]: hops.sign(place) };
          },
          onError: (answer, { error }) => {
            request.log.warn({ err: error, sessionId: id }, 'the session could not be reached');
            const text = `The agent of session ${id} did not answer`;
            void answer.status(502).send({ error: text, code: '502', info: text });
          },
        });
        return reply;
      },
    });
  });
};

/** Browsers call from any origin, always with a preflight (contract §8.5). Nothing here is authorised by a cookie. */
async function allowCrossOrigin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const asked = request.headers['access-control-request-headers'];
  void reply.headers({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': typeof asked === 'string' && asked ? asked : 'Authorization, Content-Type',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD',
    'access-control-max-age': '600',
  });
  if (request.url.length > 8192) throw new AppError(414, '414', 'The URL is too long');
}

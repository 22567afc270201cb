import replyFrom from '@fastify/reply-from';
import { hopHeader } from '@pipecat-cloud/contract/worker';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Organization, SessionService } from '../sessions/session-service.js';
import type { HopSigner } from '../workers/hop-signer.js';
import { containerPath } from './container-path.js';
import { withoutCrossOrigin } from './cross-origin.js';
import type { SessionPlaces } from './session-places.js';

interface ProxyDeps {
  organizationOfKey: (request: FastifyRequest) => Promise<Organization>;
  sessions: SessionService;
  places: SessionPlaces;
  hops: HopSigner;
}

/** Bytes of a proxied body; the container decides what it makes of them (contract §8.9). */
const bodyLimit = 100 * 1024 * 1024;
/** How long an agent may take before it begins to answer; what it then sends may last. */
const answerTimeoutMs = 60_000;

/** `/v1/public/{agent}/sessions/{id}/…`: what the agent of a session itself answers, body and answer byte for byte as they come. */
export const sessionProxy: FastifyPluginAsync<ProxyDeps> = async (app, deps) => {
  const { organizationOfKey, sessions, places, hops } = deps;
  await app.register(replyFrom, {
    disableCache: false,
    undici: { connections: 256, bodyTimeout: 0, headersTimeout: answerTimeoutMs },
  });
  // Bodies pass as they come, whatever their type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    url: '/v1/public/:agent/sessions/:id/*',
    bodyLimit,
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
        rewriteHeaders: withoutCrossOrigin,
        onError: (answer, { error }) => refuse(request, answer, id, error),
      });
      return reply;
    },
  });
};

function refuse(request: FastifyRequest, reply: unknown, id: string, error: Error & { statusCode?: number }): void {
  request.log.warn({ err: error, sessionId: id }, 'the session could not be reached');
  const late = error.statusCode === 504;
  const text = late
    ? `The agent of session ${id} did not begin to answer within ${answerTimeoutMs / 1000} s`
    : `The agent of session ${id} did not answer`;
  const status = late ? 504 : 502;
  void (reply as FastifyReply).status(status).send({ error: text, code: String(status), info: text });
}

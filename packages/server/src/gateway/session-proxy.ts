import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { badRequest } from '../errors.js';
import { principalOf } from '../http/request.js';
import { containerPath } from './container-path.js';
import type { RequestRelay } from './relay-request.js';
import type { SessionPlaces } from './session-places.js';

interface ProxyDeps {
  places: SessionPlaces;
  relay: RequestRelay;
}

/** `/v1/public/{agent}/sessions/{id}/…`: what the agent of a session itself answers, body and answer byte for byte as they come. */
export const sessionProxy: FastifyPluginAsync<ProxyDeps> = async (app, { places, relay }) => {
  // Bodies are left alone: the relay reads them from the connection.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // Nor is it this server's business what they are called: Fastify refuses names that it can't read, before any parser.
  app.addHook('onRequest', (request, _reply, done) => {
    delete request.headers['content-type'];
    done();
  });
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    url: '/v1/public/:agent/sessions/:id/*',
    config: { streamsBody: true },
    handler: async (request, reply) => {
      const { agent, id } = request.params as { agent: string; id: string };
      const path = pathAtInstance(request.raw.url ?? '');
      const principal = principalOf(request);
      if (principal.kind !== 'apiKey') throw new Error('A route of public keys let another kind pass');
      const place = await places.find(principal.organizationId, agent, id);
      await relay.relay({ place, path, answerHeaders: headersOf(reply) }, request.raw, reply.raw);
      return reply.hijack();
    },
  });
};

/** Scheme and host of a request target as it is sent to a proxy (RFC 9112 §3.2.2). */
const absoluteForm = /^https?:\/\/[^/?]*/i;

/** Path and query for the instance, from the URL as it was sent. Throws for paths that are not for callers. */
export function pathAtInstance(url: string): string {
  // No request has a fragment. A server that cuts one off, as uvicorn does, would read another path than was checked here.
  if (url.includes('#')) throw badRequest('A request has no fragment: write # as %23');
  const [path = '', ...query] = url.replace(absoluteForm, '').split('?');
  // '', 'v1', 'public', agent, 'sessions', id, …
  const rest = path.split('/').slice(6).join('/');
  return `/${containerPath(rest)}${query.length > 0 ? `?${query.join('?')}` : ''}`;
}

/** What hooks have said so far, such as which pages may read the answer. */
function headersOf(reply: FastifyReply): Record<string, string | string[]> {
  const told = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]));
}

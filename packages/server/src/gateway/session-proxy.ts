import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Organization, SessionService } from '../sessions/session-service.js';
import { containerPath } from './container-path.js';
import type { RequestRelay } from './relay-request.js';
import type { SessionPlaces } from './session-places.js';

interface ProxyDeps {
  organizationOfKey: (request: FastifyRequest) => Promise<Organization>;
  sessions: SessionService;
  places: SessionPlaces;
  relay: RequestRelay;
}

/** `/v1/public/{agent}/sessions/{id}/…`: what the agent of a session itself answers, body and answer byte for byte as they come. */
export const sessionProxy: FastifyPluginAsync<ProxyDeps> = async (app, deps) => {
  const { organizationOfKey, sessions, places, relay } = deps;
  // Bodies are left alone: the relay reads them from the connection.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    url: '/v1/public/:agent/sessions/:id/*',
    handler: async (request, reply) => {
      const { agent, id } = request.params as { agent: string; id: string };
      const path = pathAtInstance(request.raw.url ?? '');
      const organization = await organizationOfKey(request);
      const place = await places.of(await sessions.find(organization.id, agent, id));
      await relay.relay({ place, path, answerHeaders: headersOf(reply) }, request.raw, reply.raw);
      return reply.hijack();
    },
  });
};

/** Path and query for the instance, from the URL as it was sent. Throws for paths that are not for callers. */
export function pathAtInstance(url: string): string {
  const [path = '', ...query] = url.split('?');
  // '', 'v1', 'public', agent, 'sessions', id, …
  const rest = path.split('/').slice(6).join('/');
  return `/${containerPath(rest)}${query.length > 0 ? `?${query.join('?')}` : ''}`;
}

/** What hooks have said so far, such as which pages may read the answer. */
function headersOf(reply: FastifyReply): Record<string, string | string[]> {
  const told = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]));
}

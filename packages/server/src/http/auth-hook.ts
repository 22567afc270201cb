import { type RouteAccess, routeAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.js';
import { authorize } from '../access/authorize.js';
import { tokenOf } from '../access/principal.js';
import type { RefusalLog } from '../audit/refusal-log.js';
import type { Store } from '../db/store.js';
import { checkCsrf } from '../sign-in/csrf.js';
import { originOf } from './request.js';

interface AuthHookDeps {
  authenticator: Authenticator;
  store: Store;
  publicUrl: string;
  /** Told of refused credentials, for the audit log. */
  refusals?: Pick<RefusalLog, 'note'>;
}

/** Closed unless opened: a route that the permission table does not name keeps the server from starting. */
export function addAuthHook(app: FastifyInstance, { authenticator, store, publicUrl, refusals }: AuthHookDeps): void {
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat().filter((method) => method !== 'HEAD');
    const found = methods.map((method) => accessOf(method, route.url));
    const [first] = found;
    if (!first || found.includes(undefined)) throw new Error(`${methods} ${route.url} is not in the permission table`);
    route.config = { ...route.config, access: first };
  });

  // Declared, so that every request object has the same shape.
  app.decorateRequest('principal', undefined);
  app.decorateRequest('organization', undefined);
  // Also of services, which refuse what a route's permission alone does not decide.
  app.addHook('onError', (request, _reply, error, done) => {
    refusals?.note(request, error);
    done();
  });
  app.addHook('onRequest', async (request, reply) => {
    const access = request.routeOptions.config.access;
    if (!access || access.needs === 'anyone') return;
    if (access.needs !== 'live') void reply.header('pipecat-accepted-permissions', access.needs);
    request.principal = await authenticator.authenticate(
      {
        authorization: request.headers.authorization,
        cookie: request.headers.cookie,
        ...originOf(request),
        userAgent: request.headers['user-agent'] ?? '',
      },
      access.kinds,
    );
    describeToken(request, reply);
    if (request.principal.kind === 'user' && request.principal.via === 'session') checkCsrf(request, publicUrl);
    const { org } = request.params as { org?: string };
    if (org !== undefined) request.organization = await authorize(store, request.principal, org, access.needs);
  });
}

function accessOf(method: string, url: string): RouteAccess | undefined {
  return routeAccess[`${method} ${url}`] ?? routeAccess[`ANY ${url}`];
}

/** So that a pipeline can see from any answer how long its token lives. */
function describeToken(request: FastifyRequest, reply: FastifyReply): void {
  const token = request.principal && tokenOf(request.principal);
  if (!token) return;
  void reply.header('pipecat-token-id', token.id);
  if (token.expiresAt) void reply.header('pipecat-token-expires-at', token.expiresAt);
}

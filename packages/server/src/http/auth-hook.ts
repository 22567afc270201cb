import { type RouteAccess, routeAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.js';
import { type Authorizer, checkAgent } from '../access/authorize.js';
import { tokenOf } from '../access/principal.js';
import type { RefusalLog } from '../audit/refusal-log.js';
import { checkCsrf } from '../sign-in/csrf.js';
import { originOf } from './request.js';

interface AuthHookDeps {
  authenticator: Authenticator;
  authorizer: Authorizer;
  publicUrl: string;
  /** Told of refused credentials, for the audit log. */
  refusals?: Pick<RefusalLog, 'note'>;
}

/** Closed unless opened: a route that the permission table does not name keeps the server from starting. */
export function addAuthHook(
  app: FastifyInstance,
  { authenticator, authorizer, publicUrl, refusals }: AuthHookDeps,
): void {
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
    const { authorization, cookie } = request.headers;
    const origin = originOf(request);
    const source = { ...origin, authorization, cookie, userAgent: origin.userAgent ?? '' };
    request.principal = await authenticator.authenticate(source, access.kinds);
    describeToken(request, reply);
    if (request.principal.kind === 'user' && request.principal.via === 'session') checkCsrf(request, publicUrl);
    const { org, name } = request.params as { org?: string; name?: string };
    if (org !== undefined) {
      request.organization = await authorizer.authorize(request.principal, org, access, request.ip);
      if (access.agent === 'path' && name !== undefined) checkAgent(request.organization, name);
    } else if (request.principal.kind === 'apiKey' && request.principal.access === 'private') {
      request.organization = await authorizer.authorizeKey(request.principal, access.needs, request.ip);
    }
    authenticator.noteUse(request.principal, source);
  });
  // Not an async function: nearly every request passes it with nothing to do.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.routeOptions.config.access?.agent !== 'body' || !request.organization) return done();
    const { serviceName } = (request.body ?? {}) as { serviceName?: string };
    if (serviceName !== undefined) checkAgent(request.organization, serviceName);
    done();
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

import { type RouteAccess, routeAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.js';
import { type Authorizer, checkAgent } from '../access/authorize.js';
import { type Principal, tokenOf } from '../access/principal.js';
import { usesOf } from '../access/used-permissions.js';
import type { RefusalLog } from '../audit/refusal-log.js';
import { checkCsrf } from '../sign-in/csrf.js';
import { originOf } from './request.js';

export interface AuthHookDeps {
  authenticator: Authenticator;
  authorizer: Pick<Authorizer, 'authorize' | 'authorizeKey'>;
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
    const [method] = methods;
    const [first] = found;
    if (!first || found.includes(undefined)) throw new Error(`${methods} ${route.url} is not in the permission table`);
    route.config = { ...route.config, access: first, uses: usesOf(`${method} ${route.url}`, first) };
  });

  // Declared, so that every request object has the same shape.
  app.decorateRequest('principal', undefined);
  app.decorateRequest('organization', undefined);
  app.decorateRequest('recheck', async () => {});
  // Also of services, which refuse what a route's permission alone does not decide.
  app.addHook('onError', (request, _reply, error, done) => {
    refusals?.note(request, error);
    done();
  });
  /** May the caller do this, here? */
  async function authorize(request: FastifyRequest, access: RouteAccess, principal: Principal): Promise<void> {
    if (principal.kind === 'user' && principal.via === 'session') checkCsrf(request, publicUrl);
    const { org, name } = request.params as { org?: string; name?: string };
    if (org !== undefined) {
      request.organization = await authorizer.authorize(principal, org, access, request.ip);
      if (access.agent === 'path' && name !== undefined) checkAgent(request.organization, name);
    } else if (principal.kind === 'apiKey' && principal.access === 'private') {
      request.organization = await authorizer.authorizeKey(principal, access.needs, request.ip);
    }
  }

  // Not an async function: nearly every caller is known, and outside of organizations there is nothing to wait for.
  app.addHook('onRequest', (request, reply, done) => {
    const { access, uses = 0 } = request.routeOptions.config;
    if (!access || access.needs === 'anyone') return done();
    if (access.needs !== 'live') void reply.header('pipecat-accepted-permissions', access.needs);
    const { authorization, cookie } = request.headers;
    const origin = originOf(request);
    const source = { ...origin, authorization, cookie, userAgent: origin.userAgent ?? '' };
    const known = authorization === undefined ? undefined : authenticator.known(authorization, access.kinds);
    const admit = (principal: Principal) => {
      authenticator.noteUse(principal, source, uses);
      done();
    };
    request.recheck = async () => {
      const again = authorization === undefined ? undefined : authenticator.known(authorization, access.kinds);
      const principal = again ?? (await authenticator.authenticate(source, access.kinds));
      await authorize(request, access, principal);
    };
    const enter = async () => {
      const principal = known ?? (await authenticator.authenticate(source, access.kinds));
      identify(request, reply, principal);
      await authorize(request, access, principal);
      return principal;
    };
    if (!known || 'org' in (request.params as object)) {
      enter().then(admit, done);
      return;
    }
    identify(request, reply, known);
    admit(known);
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

/** Notes who asks; a pipeline can see from any answer how long its token lives. */
function identify(request: FastifyRequest, reply: FastifyReply, principal: Principal): void {
  request.principal = principal;
  const token = tokenOf(principal);
  if (!token) return;
  void reply.header('pipecat-token-id', token.id);
  if (!token.expiresAt) return;
  void reply.header('pipecat-token-expires-at', token.expiresAt);
  // What is left means little without the whole: a day is much of a token for a week, and the end of one for a quarter.
  void reply.header('pipecat-token-created-at', token.createdAt);
}

import type { RouteAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyRequest } from 'fastify';
import { type Actor, actorOf, type OrganizationAccess, type Origin, type Principal } from '../access/principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    principal?: Principal;
    organization?: OrganizationAccess;
    /** For answers that go on: rejects, as the request would now be refused, once its caller may no longer do this. */
    recheck(): Promise<void>;
  }
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** What a request uses of a token's permissions, as bits. */
    uses?: number;
    /** It reads a body as it comes, for as long as that takes. */
    streamsBody?: true;
  }
}

/** The organization that the auth hook resolved. Only routes with `:org` in their path, or a key's routes, have one. */
export function organizationOf(request: FastifyRequest): OrganizationAccess {
  if (!request.organization) throw new Error(`${request.routeOptions.url} resolves no organization`);
  return request.organization;
}

export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error(`${request.routeOptions.url} asks for no credential`);
  return request.principal;
}

export function actorOfRequest(request: FastifyRequest): Actor {
  return actorOf(request.principal, originOf(request));
}

/** What the log and the audit keep of where a request came from. */
export function originOf(request: FastifyRequest): Origin {
  const { 'user-agent': userAgent, 'pipecat-ci-run': ciRun } = request.headers;
  return {
    address: request.ip,
    userAgent: userAgent?.slice(0, 200) ?? null,
    ciRun: typeof ciRun === 'string' && /^https?:\/\/\S{1,500}$/.test(ciRun) ? ciRun : null,
  };
}

/** A `preValidation` for routes whose body may be left out: nothing at all, `null` and `{}` say the same (contract §8.1). */
export async function absentBodyIsEmpty(request: FastifyRequest): Promise<void> {
  request.body ??= {};
}

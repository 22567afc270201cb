import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { StartBody, StartedSession } from '@pipecat-cloud/contract/sessions';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AccessFacts } from '../access/access-facts.js';
import { AppError } from '../errors.js';
import { goneSignal } from '../http/gone.js';
import { absentBodyIsEmpty, actorOfRequest, principalOf } from '../http/request.js';
import type { Organization, SessionService } from '../sessions/session-service.js';
import type { RequestRelay } from './relay-request.js';
import type { SessionPlaces } from './session-places.js';
import { sessionProxy } from './session-proxy.js';

interface PublicDeps {
  facts: Pick<AccessFacts, 'organizationOf'>;
  sessions: SessionService;
  places: SessionPlaces;
  relay: RequestRelay;
}

const urlLimit = 8192;

/** `/v1/public`: what browsers and servers call with a public key. The key's row gives the organization. */
export const publicRoutes: FastifyPluginAsyncTypebox<PublicDeps> = async (app, { facts, sessions, places, relay }) => {
  async function organizationOfKey(request: FastifyRequest): Promise<Organization> {
    const principal = principalOf(request);
    const organization = principal.kind === 'apiKey' ? await facts.organizationOf(principal.organizationId) : undefined;
    if (!organization) throw new Error('A public key without an organization');
    return organization;
  }

  app.addHook('onRequest', async (request) => {
    if (request.url.length > urlLimit) throw new AppError(414, '414', 'The URL is too long');
  });

  app.post(
    '/v1/public/:agent/start',
    {
      schema: {
        params: Type.Object({ agent: Type.String() }),
        body: Type.Optional(StartBody),
        response: { 200: StartedSession, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
      preValidation: absentBodyIsEmpty,
    },
    async (request, reply) =>
      await sessions.start(
        await organizationOfKey(request),
        request.params.agent,
        actorOfRequest(request),
        request.body ?? {},
        { idempotencyKey: request.headers['idempotency-key'], gone: goneSignal(reply) },
      ),
  );

  await app.register(sessionProxy, { places, relay });
};

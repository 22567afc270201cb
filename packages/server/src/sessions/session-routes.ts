import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { pageOf } from '@pipecat-cloud/contract/paging';
import {
  SessionDetail,
  SessionList,
  SessionQuery,
  SessionTrace,
  StartBody,
  StartedSession,
  StoppedSession,
  sessionPageMaximum,
} from '@pipecat-cloud/contract/sessions';
import { Type } from 'typebox';
import { ServiceParams } from '../agents/agent-routes.js';
import { goneSignal } from '../http/gone.js';
import { absentBodyIsEmpty, actorOfRequest, organizationOf } from '../http/request.js';
import type { SessionService } from './session-service.js';

const sessionsPath = '/v1/organizations/:org/services/:name/sessions';
const SessionParams = Type.Object({ ...ServiceParams.properties, id: Type.String() });

export const sessionRoutes: FastifyPluginAsyncTypebox<{ sessions: SessionService }> = async (app, { sessions }) => {
  app.get(
    sessionsPath,
    {
      schema: {
        params: ServiceParams,
        querystring: SessionQuery,
        response: { 200: SessionList, '4xx': ErrorEnvelope },
      },
    },
    (request) => {
      const page = pageOf(request.query, { defaultLimit: 100, maximum: sessionPageMaximum });
      return sessions.list(organizationOf(request).id, request.params.name, request.query, page);
    },
  );

  // So that a personal access token alone starts sessions from a command line; public keys have `/v1/public` (contract §8.1).
  app.post(
    sessionsPath,
    {
      schema: {
        params: ServiceParams,
        body: Type.Optional(StartBody),
        response: { 200: StartedSession, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
      preValidation: absentBodyIsEmpty,
    },
    (request, reply) =>
      sessions.start(organizationOf(request), request.params.name, actorOfRequest(request), request.body ?? {}, {
        idempotencyKey: request.headers['idempotency-key'],
        gone: goneSignal(reply),
      }),
  );

  app.get(
    `${sessionsPath}/:id`,
    { schema: { params: SessionParams, response: { 200: SessionDetail, '4xx': ErrorEnvelope } } },
    (request) => sessions.detail(organizationOf(request).id, request.params.name, request.params.id),
  );

  app.get(
    `${sessionsPath}/:id/trace`,
    { schema: { params: SessionParams, response: { 200: SessionTrace, '4xx': ErrorEnvelope } } },
    (request) => sessions.trace(organizationOf(request).id, request.params.name, request.params.id),
  );

  app.delete(
    `${sessionsPath}/:id`,
    { schema: { params: SessionParams, response: { 200: StoppedSession, '4xx': ErrorEnvelope } } },
    async (request) => {
      const { name, id } = request.params;
      await sessions.stop(organizationOf(request).id, name, id, actorOfRequest(request));
      return { status: 'terminated' as const, session_id: id };
    },
  );
};

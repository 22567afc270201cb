import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { pageOf } from '@pipecat-cloud/contract/paging';
import {
  PrivateSessionList,
  PrivateSessionQuery,
  SessionDetail,
  StoppedSession,
  sessionPageMaximum,
} from '@pipecat-cloud/contract/sessions';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { uuidOf } from '../uuid.js';
import type { SessionService } from './session-service.js';

const root = '/v1/agents/:name/sessions';
const ListParams = Type.Object({ name: Type.String() });
const SessionParams = Type.Object({ name: Type.String(), id: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };

/** Sessions with a private key (contract §7.4): ten of them unless more are asked for. */
export const privateSessionRoutes: FastifyPluginAsyncTypebox<{ sessions: SessionService }> = async (
  app,
  { sessions },
) => {
  app.get(
    root,
    {
      schema: {
        params: ListParams,
        querystring: PrivateSessionQuery,
        response: { 200: PrivateSessionList, ...errors },
      },
    },
    async (request) => {
      const page = pageOf(request.query, { defaultLimit: 10, maximum: sessionPageMaximum });
      const list = await sessions.list(organizationOf(request).id, request.params.name, request.query, page);
      return {
        ...list,
        sessions: list.sessions.map(({ endedAt, ...session }) => ({ ...session, ...(endedAt ? { endedAt } : {}) })),
      };
    },
  );

  app.get(
    `${root}/:id`,
    { schema: { params: SessionParams, response: { 200: SessionDetail, ...errors } } },
    (request) => {
      const { name, id } = request.params;
      return sessions.detail(organizationOf(request).id, name, id.toLowerCase());
    },
  );

  app.delete(
    `${root}/:id`,
    { schema: { params: SessionParams, response: { 200: StoppedSession, ...errors } } },
    async (request) => {
      const { name } = request.params;
      const id = uuidOf('session', request.params.id);
      await sessions.stop(organizationOf(request).id, name, id, actorOfRequest(request));
      return { status: 'terminated' as const, session_id: id };
    },
  );
};

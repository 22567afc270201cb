import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { LogRetention, LogRetentionState } from '@pipecat-cloud/contract/logs';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { LogKeeping } from './log-keeping.js';

const path = '/v1/organizations/:org/services/:name/log-retention';
const params = Type.Object({ org: Type.String(), name: Type.String() });
const response = { 200: LogRetentionState, '4xx': ErrorEnvelope };

/** How long an agent's log is kept. */
export const logRetentionRoutes: FastifyPluginAsyncTypebox<{ keeping: LogKeeping }> = async (app, { keeping }) => {
  app.get(path, { schema: { params, response } }, (request) =>
    keeping.find(organizationOf(request).id, request.params.name),
  );
  app.put(path, { schema: { params, body: LogRetention, response } }, (request) =>
    keeping.put(organizationOf(request).id, request.params.name, request.body, actorOfRequest(request)),
  );
};

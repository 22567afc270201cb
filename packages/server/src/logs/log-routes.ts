import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { LogList, LogQuery, logPageMaximum, PrivateLogQuery } from '@pipecat-cloud/contract/logs';
import { pageOf } from '@pipecat-cloud/contract/paging';
import { Type } from 'typebox';
import { notFound } from '../errors.js';
import { organizationOf } from '../http/request.js';
import { instantOf } from '../http/unix-time.js';
import type { LogFilter, LogPageQuery, LogStore } from './log-store.js';

export interface LogRoutesDeps {
  logs: LogStore;
  findAgentId(organizationId: string, name: string): Promise<string | undefined>;
}

const LogParams = Type.Object({ org: Type.String(), name: Type.String() });
const PrivateLogParams = Type.Object({ name: Type.String() });
const response = { 200: LogList, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };

function createLogReader({ logs, findAgentId }: LogRoutesDeps) {
  return async (organizationId: string, name: string, query: LogQuery & LogPage): Promise<LogList> => {
    const { limit, offset, order } = query;
    const agentId = await findAgentId(organizationId, name);
    if (agentId === undefined) throw notFound('Agent', name);
    const page = await logs.read({ agentId, ...filterOf(query), limit, offset, order });
    return {
      logs: page.lines.map(({ text, time, deploymentId, sessionId }) => ({
        log: text,
        timestamp: time,
        deploymentId,
        ...(sessionId === undefined ? {} : { sessionId }),
      })),
      total: page.total,
    };
  };
}
type LogPage = Pick<LogPageQuery, 'limit' | 'offset' | 'order'>;

/** Logs of an agent (contract §6.4, §12.3): the newest lines, ascending unless asked otherwise, as official clients print them. */
export const logRoutes: FastifyPluginAsyncTypebox<LogRoutesDeps> = async (app, deps) => {
  const read = createLogReader(deps);
  app.get(
    '/v1/organizations/:org/services/:name/logs',
    { schema: { params: LogParams, querystring: LogQuery, response } },
    async (request) => {
      const { limit = 100, offset = 0, order = 'asc' } = request.query;
      return await read(organizationOf(request).id, request.params.name, { ...request.query, limit, offset, order });
    },
  );
};

/** The same with a private key (contract §7.4): ten lines, the newest first, unless asked otherwise. */
export const privateLogRoutes: FastifyPluginAsyncTypebox<LogRoutesDeps> = async (app, deps) => {
  const read = createLogReader(deps);
  app.get(
    '/v1/agents/:name/logs',
    { schema: { params: PrivateLogParams, querystring: PrivateLogQuery, response } },
    async (request) => {
      const { order = 'desc', ...query } = request.query;
      const page = pageOf(query, { defaultLimit: 10, maximum: logPageMaximum });
      return await read(organizationOf(request).id, request.params.name, { ...query, ...page, order });
    },
  );
};

function filterOf({ deploymentId, sessionId, query, startTime, endTime }: LogQuery): LogFilter {
  return {
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(query === undefined ? {} : { query }),
    ...(startTime === undefined ? {} : { startTime: instantOf('startTime', startTime) }),
    ...(endTime === undefined ? {} : { endTime: instantOf('endTime', endTime) }),
  };
}

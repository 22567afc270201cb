import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { LogList, LogQuery } from '@pipecat-cloud/contract/logs';
import { Type } from 'typebox';
import { badRequest, notFound } from '../errors.js';
import { organizationOf } from '../http/request.js';
import type { LogFilter, LogStore } from './log-store.js';

interface LogRoutesDeps {
  logs: LogStore;
  findAgentId(organizationId: string, name: string): Promise<string | undefined>;
}

const LogParams = Type.Object({ org: Type.String(), name: Type.String() });

/** Logs of an agent (contract §6.4, §12.3): the newest lines, ascending unless asked otherwise, as official clients print them. */
export const logRoutes: FastifyPluginAsyncTypebox<LogRoutesDeps> = async (app, { logs, findAgentId }) => {
  app.get(
    '/v1/organizations/:org/services/:name/logs',
    {
      schema: {
        params: LogParams,
        querystring: LogQuery,
        response: { 200: LogList, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { limit = 100, offset = 0, order = 'asc' } = request.query;
      const agentId = await findAgentId(organizationOf(request).id, name);
      if (agentId === undefined) throw notFound('Agent', name);
      const page = await logs.read({ agentId, ...filterOf(request.query), limit, offset, order });
      return {
        logs: page.lines.map(({ text, time, deploymentId, sessionId }) => ({
          log: text,
          timestamp: time,
          deploymentId,
          ...(sessionId === undefined ? {} : { sessionId }),
        })),
        total: page.total,
      };
    },
  );
};

function filterOf({ deploymentId, sessionId, query, startTime, endTime }: LogQuery): LogFilter {
  return {
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(query === undefined ? {} : { query }),
    ...(startTime === undefined ? {} : { startTime: dateOf('startTime', startTime) }),
    ...(endTime === undefined ? {} : { endTime: dateOf('endTime', endTime) }),
  };
}

function dateOf(name: string, unixSeconds: number): Date {
  const date = new Date(unixSeconds * 1000);
  // What comes after has five-digit years in text, which would not compare.
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) throw badRequest(`${name} must be a Unix time in seconds`);
  return date;
}

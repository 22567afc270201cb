import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { LogFollowQuery, LogList, LogQuery, logPageMaximum, PrivateLogQuery } from '@pipecat-cloud/contract/logs';
import { pageOf } from '@pipecat-cloud/contract/paging';
import { Type } from 'typebox';
import { notFound } from '../errors.js';
import { organizationOf } from '../http/request.js';
import { decodeCursor } from './log-cursor.js';
import { type FollowTimings, logEvents } from './log-events.js';
import type { LogFollowers } from './log-followers.js';
import type { LogPageQuery, LogStore } from './log-store.js';
import { filterOf, placeOf, presentLine } from './log-wire.js';

export interface LogRoutesDeps {
  logs: LogStore;
  findAgentId(organizationId: string, name: string): Promise<string | undefined>;
}
export interface LogFollowDeps extends LogRoutesDeps {
  followers: LogFollowers;
  /** Undefined for a session that the agent does not have. */
  hasEnded(organizationId: string, agentId: string, sessionId: string): Promise<boolean | undefined>;
  timings?: FollowTimings;
}

const LogParams = Type.Object({ org: Type.String(), name: Type.String() });
const PrivateLogParams = Type.Object({ name: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const response = { 200: LogList, ...errors };

function createLogReader({ logs, findAgentId }: LogRoutesDeps) {
  return async (organizationId: string, name: string, query: LogQuery & LogPage): Promise<LogList> => {
    const { limit, offset, order, from } = query;
    const agentId = await findAgentId(organizationId, name);
    if (agentId === undefined) throw notFound('Agent', name);
    const filter = { agentId, ...filterOf(query) };
    const place = placeOf(query);
    const page = place
      ? await logs.readAt({ ...filter, ...place, limit, order })
      : await logs.read({ ...filter, limit, offset, order, from });
    return { logs: page.lines.map(presentLine), total: page.total };
  };
}
type LogPage = Pick<LogPageQuery, 'limit' | 'offset' | 'order' | 'from'>;

/** Logs of an agent (contract §6.4, §12.3): the newest lines, ascending unless asked otherwise, as official clients print them. */
export const logRoutes: FastifyPluginAsyncTypebox<LogFollowDeps> = async (app, deps) => {
  const read = createLogReader(deps);
  app.get(
    '/v1/organizations/:org/services/:name/logs',
    { schema: { params: LogParams, querystring: LogQuery, response } },
    async (request) => {
      const { order = 'asc', ...query } = request.query;
      const page = pageOf(query, { defaultLimit: 100, maximum: logPageMaximum });
      return await read(organizationOf(request).id, request.params.name, { ...query, ...page, order });
    },
  );

  // Server-sent events. A browser that lost the connection asks again with Last-Event-ID by itself.
  app.get(
    '/v1/organizations/:org/services/:name/logs/follow',
    { schema: { params: LogParams, querystring: LogFollowQuery } },
    async (request, reply) => {
      const { logs, findAgentId, hasEnded, followers, timings } = deps;
      const { id: organizationId } = organizationOf(request);
      const { name } = request.params;
      const agentId = await findAgentId(organizationId, name);
      if (agentId === undefined) throw notFound('Agent', name);
      const { sessionId, tail } = request.query;
      if (sessionId !== undefined && (await hasEnded(organizationId, agentId, sessionId)) === undefined)
        throw notFound('Session', sessionId);
      const header = request.headers['last-event-id'];
      const after = typeof header === 'string' && header !== '' ? header : request.query.after;
      if (after !== undefined) decodeCursor(after);
      const query = { agentId, ...filterOf(request.query), tail, after };

      const leave = followers.enter(organizationId);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const events = logEvents({
        lines: logs.follow(query, gone.signal),
        signal: gone.signal,
        recheck: () => request.recheck(),
        hasEnded: sessionId === undefined ? undefined : () => hasEnded(organizationId, agentId, sessionId),
        timings,
        stop: () => gone.abort(),
        onStall: () => reply.raw.destroy(),
      });
      const body = Readable.from(events, { highWaterMark: 1 });
      body.once('close', () => {
        gone.abort();
        leave();
      });
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(body);
    },
  );
};

/** The same with a private key (contract §7.4): ten lines, the newest first, unless asked otherwise. In ascending order pages begin with the oldest. */
export const privateLogRoutes: FastifyPluginAsyncTypebox<LogRoutesDeps> = async (app, deps) => {
  const read = createLogReader(deps);
  app.get(
    '/v1/agents/:name/logs',
    { schema: { params: PrivateLogParams, querystring: PrivateLogQuery, response } },
    async (request) => {
      const { order = 'desc', ...query } = request.query;
      const page = pageOf(query, { defaultLimit: 10, maximum: logPageMaximum });
      const from = order === 'asc' ? 'oldest' : 'newest';
      return await read(organizationOf(request).id, request.params.name, { ...query, ...page, order, from });
    },
  );
};

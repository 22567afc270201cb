import { failpoint } from '@pipecat-cloud/contract/failpoint';
import {
  type SessionDetail,
  type SessionList,
  type SessionQuery,
  type SessionTrace,
  type StartBody,
  type StartedSession,
  startBodyLimits,
} from '@pipecat-cloud/contract/sessions';
import type { Actor } from '../access/principal.js';
import type { Agent } from '../agents/agent-repository.js';
import type { Audit } from '../audit/audit-service.js';
import type { DailyRooms, Room } from '../daily/daily-rooms.js';
import type { Store } from '../db/store.js';
import { badRequest, notFound, notReady, standby, tooLarge, unavailable } from '../errors.js';
import type { IceServers } from '../gateway/ice-servers.js';
import type { SpendService } from '../spend/spend-service.js';
import type { Clock, Ids } from '../system.js';
import { isUuid } from '../uuid.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { eventsOf } from './end-states.js';
import type { SessionEnds } from './session-ends.js';
import { sessionFilterOf } from './session-filter.js';
import type { SessionPage } from './session-listing.js';
import type { Session } from './session-repository.js';
import { type SessionStarts, startDeadlineMs } from './session-starts.js';
import type { SessionTraces } from './session-traces.js';
import type { SessionUsage } from './session-usage.js';
import { presentSession } from './session-wire.js';
import type { SocketTokens } from './socket-tokens.js';
import { onceOf, type StartOnce, type TakeKey } from './start-once.js';

interface SessionServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  workers: WorkerChannel;
  starts: SessionStarts;
  once: StartOnce;
  ends: SessionEnds;
  spend: Pick<SpendService, 'check'>;
  /** Of the region, where it has a front door of its own for sockets. */
  socketUrlOf: (agent: Agent) => Promise<string>;
  socketTokens: SocketTokens;
  iceServers: IceServers;
  rooms: Pick<DailyRooms, 'check' | 'create' | 'enterAgain'>;
  usage: Pick<SessionUsage, 'metricsOf'>;
  traces: Pick<SessionTraces, 'find'>;
  nudge: () => void;
}
/** What comes with a start beside its body. */
export interface StartContext {
  idempotencyKey?: string | string[] | undefined;
  gone?: AbortSignal | undefined;
  /** For callers that must know it beforehand. */
  sessionId?: string;
}
export interface Organization {
  id: string;
  name: string;
}

/** Makes a session, or finds the one that the request's idempotency key has made before. */
type Begin = (make: (takeKey: TakeKey | undefined) => Promise<string>) => Promise<string>;

export function createSessionService(deps: SessionServiceDeps) {
  const { store, clock, ids, audit, workers, starts, ends, spend, nudge, once } = deps;
  const { socketUrlOf, socketTokens, iceServers, rooms } = deps;
  const { usage, traces } = deps;

  async function findAgent(organizationId: string, name: string): Promise<Agent> {
    const agent = await store.agents.find(organizationId, name);
    if (!agent) throw notFound('Agent', name);
    return agent;
  }

  /** Also one that goes on after its agent was deleted, and by that name, whatever has it now: it is reached and stopped as before. */
  async function find(organizationId: string, agentName: string, sessionId: string): Promise<Session> {
    // No agent has such a name, and PostgreSQL takes no NUL in a text.
    const isPossible = isUuid(sessionId) && !agentName.includes('\0');
    const agent = await store.agents.find(organizationId, agentName);
    const session =
      (agent && isPossible && (await store.sessions.find(organizationId, agent.id, sessionId))) ||
      (isPossible && (await store.sessions.findOfDeleted(organizationId, agentName, sessionId)));
    if (session) return session;
    throw agent ? notFound('Session', sessionId) : notFound('Agent', agentName);
  }

  /** No bot starts here: the socket that follows claims an instance when it connects (contract §8.2). */
  async function prepareSocket(
    organization: Organization,
    agent: Agent,
    actor: Actor,
    body: unknown,
    { idOf, begin }: { idOf: () => string; begin: Begin },
  ): Promise<StartedSession> {
    const serviceHost = `${agent.name}.${organization.name}`;
    const wsUrl = `${await socketUrlOf(agent)}/ws/generic/${serviceHost}`;
    if (agent.websocketAuth === 'none') {
      if (saysSomething(body))
        throw badRequest(
          'A body with transport \'websocket\' needs websocket_auth = "token"; pass it as ?body= instead',
        );
      return { wsUrl, sessionId: idOf() };
    }
    // The same key stands for the same session, of which each token is good for one connection; the first to connect has it.
    const sessionId = await begin(async (takeKey) => {
      const id = idOf();
      if (takeKey) await store.transaction((repos) => takeKey(repos, id));
      return id;
    });
    const target = { organizationId: organization.id, agentId: agent.id, serviceHost };
    // Whoever connects with it shows no other credential, so this is where the log learns whose session it is.
    const token = await store.transaction(async (repos) => {
      await audit.record(repos, actor, {
        action: 'session.socket_token_issued',
        organizationId: organization.id,
        target: sessionId,
        detail: { agent: agent.name },
      });
      return await socketTokens.issue(repos, target, sessionId);
    });
    const encoded =
      body === undefined || body === null ? {} : { body: Buffer.from(JSON.stringify(body)).toString('base64') };
    return { token, wsUrl, sessionId, ...encoded };
  }

  return {
    findAgent,
    find,

    /** `sessionId`: for callers that must know it beforehand. */
    async start(
      organization: Organization,
      agentName: string,
      actor: Actor,
      request: StartBody,
      { idempotencyKey, gone, sessionId: given }: StartContext = {},
    ): Promise<StartedSession> {
      const agent = await findAgent(organization.id, agentName);
      if (!agent.liveDeploymentId) throw notReady(agent.name);
      refuseFlow(request);
      checkSize(request);
      const key = onceOf(idempotencyKey, request);
      const waitSeconds = request.waitSeconds ?? 0;
      const idOf = () => given ?? ids.id();
      const begin: Begin = (make) =>
        key
          ? once.start(agent, key, make, { deadlineMs: startDeadlineMs + waitSeconds * 1000, gone })
          : make(undefined);
      const { createDailyRoom, transport, body } = request;
      if (createDailyRoom) await rooms.check(organization.id);
      else if (transport === 'websocket') {
        // Where a session begins the limit is asked for anyway; here none begins yet.
        await spend.check(organization.id);
        return await prepareSocket(organization, agent, actor, body, { idOf, begin });
      }
      let room: Pick<Room, 'url' | 'token'> | undefined;
      const sessionId = await begin(async (takeKey) => {
        const id = idOf();
        const makeRoom = async (maxSessionSeconds: number) => {
          const made = await rooms.create({
            ...{ organizationId: organization.id, sessionId: id, maxSessionSeconds },
            roomProperties: request.dailyRoomProperties,
            tokenProperties: request.dailyMeetingTokenProperties,
          });
          room = made;
          return { url: made.url, token: made.botToken };
        };
        await starts.start(agent, {
          ...{ sessionId: id, entry: 'bot', transport, body: body ?? {}, actor, waitSeconds, gone, takeKey },
          ...(createDailyRoom ? { transport: 'daily', room: makeRoom } : {}),
        });
        return id;
      });
      // The session was begun by an earlier request with the same key.
      if (createDailyRoom)
        room ??= await rooms.enterAgain(organization.id, sessionId, request.dailyMeetingTokenProperties);
      if (room) return { dailyRoom: room.url, dailyToken: room.token, sessionId };
      // The Daily transport hands what it does not know to the room, so a session of that kind gets none.
      const wantsIce = request.enableDefaultIceServers === true && transport !== 'daily';
      return { sessionId, ...(wantsIce ? { iceConfig: { iceServers: await iceServers(sessionId) } } : {}) };
    },

    /** Newest first. Filters combine; `total_count` counts all that match, whatever the page. */
    async list(
      organizationId: string,
      agentName: string,
      query: SessionQuery,
      page: SessionPage,
    ): Promise<SessionList> {
      const agent = await findAgent(organizationId, agentName);
      const { sessions, total } = await store.sessions.list(organizationId, agent.id, sessionFilterOf(query), page);
      return { sessions: sessions.map(presentSession), total_count: total };
    },

    async detail(organizationId: string, agentName: string, sessionId: string): Promise<SessionDetail> {
      const session = await find(organizationId, agentName, sessionId);
      return {
        ...presentSession(session),
        events: eventsOf(session),
        resourceMetrics: await usage.metricsOf(session.id),
        meetingIds: [],
      };
    },

    /** Where the time of its start went. */
    async trace(organizationId: string, agentName: string, sessionId: string): Promise<SessionTrace> {
      const session = await find(organizationId, agentName, sessionId);
      const trace = await traces.find(session.id);
      if (!trace) throw notFound('Trace of session', sessionId);
      return trace;
    },

    /** Ends the session and its instance; it is recorded as ended when this returns. */
    async stop(organizationId: string, agentName: string, sessionId: string, actor: Actor): Promise<void> {
      if (workers.standsBy()) throw standby();
      const session = await find(organizationId, agentName, sessionId);
      if (session.state === 'ended' || !session.instanceId) throw notFound('Running session', sessionId);
      const place = workers.locate(organizationId, session.instanceId);
      if (!place)
        throw unavailable(
          `The worker that holds session ${sessionId} cannot be reached; the session goes on. Try again`,
        );
      const { epoch, instanceId } = session;
      await workers.command(place.workerId, { do: 'stop', instanceId, sessionId, epoch });
      await failpoint('stop.answered');
      const at = clock.now().toISOString();
      await ends.end({
        sessionId,
        epoch,
        reason: 'stopped',
        at,
        slot: 'retiring',
        record: (repos) => audit.record(repos, actor, { action: 'session.stopped', organizationId, target: sessionId }),
      });
      nudge();
    },
  };
}
export type SessionService = ReturnType<typeof createSessionService>;

/** A bot that is started without the flow that its caller sent would talk about something else. */
function refuseFlow({ flow_config }: StartBody): void {
  if (flow_config === undefined || flow_config === null || flow_config === '') return;
  throw badRequest(
    'flow_config is not supported: this server hands no flow to agents. Put the flow into body, which the bot reads, or deploy it with the agent',
  );
}

function checkSize(request: StartBody): void {
  if (request.body === undefined) return;
  const limit = request.transport === 'websocket' ? startBodyLimits.websocket : startBodyLimits.other;
  const bytes = Buffer.byteLength(JSON.stringify(request.body));
  if (bytes > limit) throw tooLarge(`body has ${bytes} bytes; at most ${limit} are taken for this transport`);
}

/** Clients send `{}` and `null` where their caller gave nothing. */
function saysSomething(body: unknown): boolean {
  if (body === undefined || body === null) return false;
  return typeof body !== 'object' || Object.keys(body).length > 0;
}

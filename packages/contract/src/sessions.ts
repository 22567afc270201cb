import { type Static, Type } from 'typebox';
import { OrNull, Timestamp } from './names.js';
import { openPageQuery, pageQuery } from './paging.js';

/** `POST /v1/public/{agent}/start` (contract §8.1). Unknown members are ignored. */
export const StartBody = Type.Object({
  createDailyRoom: Type.Optional(Type.Boolean()),
  dailyRoomProperties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  dailyMeetingTokenProperties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  enableDefaultIceServers: Type.Optional(Type.Boolean()),
  transport: Type.Optional(Type.Enum(['daily', 'webrtc', 'websocket'])),
  body: Type.Optional(Type.Unknown()),
  flow_config: Type.Optional(
    Type.Unknown({ description: 'Refused where it says anything: flows of newer images are not handed to agents' }),
  ),
  waitSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 300,
      description: 'Where all places are taken: how long to wait for one, first come, first served, before a 429',
    }),
  ),
});
export type StartBody = Static<typeof StartBody>;

/** Bytes of the serialised `body` (contract §8.1). */
export const startBodyLimits = { websocket: 4 * 1024, other: 1024 * 1024 } as const;

/** As `RTCPeerConnection` takes them. */
export const IceServer = Type.Object({
  urls: Type.Array(Type.String()),
  username: Type.Optional(Type.String()),
  credential: Type.Optional(Type.String()),
});
export type IceServer = Static<typeof IceServer>;

/** No member beyond these: transports of the browser clients choke on extras (contract §8.2). */
export const StartedSession = Type.Object({
  sessionId: Type.String(),
  token: Type.Optional(Type.String()),
  wsUrl: Type.Optional(Type.String()),
  body: Type.Optional(Type.String()),
  iceConfig: Type.Optional(Type.Object({ iceServers: Type.Array(IceServer) })),
  dailyRoom: Type.Optional(Type.String({ description: 'Address of the Daily room that was made' })),
  dailyToken: Type.Optional(Type.String({ description: 'Meeting token for the person' })),
});
export type StartedSession = Static<typeof StartedSession>;

export const sessionStates = ['starting', 'active', 'ended'] as const;

/** How a session ended, in the words of newer official clients (contract §12.1); `active` until it has. */
export const endStates = [
  'active',
  'completed',
  'ended_before_agent_start',
  'agent_start_timeout',
  'terminated',
  'agent_error',
  'unknown',
] as const;
export type EndState = (typeof endStates)[number];

/** What happened to a session, in the words of newer official clients (contract §12.1). */
export const sessionEventCodes = [
  'SESSION_START_INITIATED',
  'REQUEST_ARRIVED_AT_BOT',
  'SESSION_COMPLETED',
  'SESSION_TIMEOUT',
] as const;

/** Every key is present: clients of the contract read them without a check (contract §12.1). */
export const Session = Type.Object({
  sessionId: Type.String(),
  state: Type.Enum([...sessionStates]),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: OrNull(Timestamp),
  botStartSeconds: OrNull(Type.Integer()),
  coldStart: OrNull(Type.Boolean()),
  completionStatus: OrNull(Type.String()),
  endReason: OrNull(Type.String()),
  endDetail: OrNull(Type.String({ description: 'How its instance ended, where that is why the session did' })),
  endState: Type.Enum([...endStates]),
  serviceId: Type.String(),
  organizationId: Type.String(),
  deploymentId: Type.String(),
});
export type Session = Static<typeof Session>;

export const SessionList = Type.Object({ sessions: Type.Array(Session), total_count: Type.Integer() });
export type SessionList = Static<typeof SessionList>;

/** CPU in millicores, memory in bytes, `t` in Unix seconds ascending (contract §12.2). */
export const ResourceMetrics = Type.Object({
  id: Type.String(),
  sessionId: Type.String(),
  sampleCount: Type.Integer(),
  cpuMillicoresP50: Type.Integer(),
  cpuMillicoresP90: Type.Integer(),
  cpuMillicoresP95: Type.Integer(),
  cpuMillicoresP99: Type.Integer(),
  memoryBytesP50: Type.Integer(),
  memoryBytesP90: Type.Integer(),
  memoryBytesP95: Type.Integer(),
  memoryBytesP99: Type.Integer(),
  timeseries: Type.Array(Type.Object({ t: Type.Integer(), c: Type.Integer(), m: Type.Integer() })),
  eventTs: Timestamp,
  createdAt: Timestamp,
});
export type ResourceMetrics = Static<typeof ResourceMetrics>;

export const SessionDetail = Type.Object({
  ...Session.properties,
  events: Type.Array(Type.Object({ eventCode: Type.Enum([...sessionEventCodes]), eventTs: Timestamp }), {
    description: 'In order of time; without REQUEST_ARRIVED_AT_BOT no agent ever served the caller',
  }),
  resourceMetrics: Type.Union([ResourceMetrics, Type.Null()]),
  meetingIds: Type.Array(Type.Object({ participantId: Type.String(), meetingId: Type.String() })),
});
export type SessionDetail = Static<typeof SessionDetail>;

/** Sessions of one answer at most. */
export const sessionPageMaximum = 1000;

/** Filters of contract §7.4, times in Unix seconds; `startTimeMin` and `startTimeMax` bound how long the start took. */
const filters = {
  deploymentId: Type.Optional(Type.String({ maxLength: 64 })),
  startTime: Type.Optional(Type.Number({ description: 'Sessions that were created at this Unix time or later' })),
  endTime: Type.Optional(Type.Number({ description: 'Sessions that were created at this Unix time or before' })),
  status: Type.Optional(Type.Enum(['active', 'ended', 'all'])),
  startType: Type.Optional(Type.Enum(['cold', 'warm', 'all'])),
  startTimeMin: Type.Optional(Type.Number({ description: 'Seconds from request to bot; 0 for no bound' })),
  startTimeMax: Type.Optional(Type.Number({ description: 'Seconds from request to bot; 0 for no bound' })),
  endState: Type.Optional(Type.Enum([...endStates])),
};

export const SessionQuery = Type.Object({ ...pageQuery(100, sessionPageMaximum), ...filters });
export type SessionQuery = Static<typeof SessionQuery>;

// The private REST API (contract §7.4).
export const PrivateSessionQuery = Type.Object({ ...openPageQuery(10), ...filters });
/** Its published description allows no null in a list: a session that runs has no `endedAt` there. */
export const PrivateSession = Type.Object({ ...Session.properties, endedAt: Type.Optional(Timestamp) });
export const PrivateSessionList = Type.Object({ sessions: Type.Array(PrivateSession), total_count: Type.Integer() });
export type PrivateSessionList = Static<typeof PrivateSessionList>;

export const StoppedSession = Type.Object({ status: Type.Literal('terminated'), session_id: Type.String() });
export type StoppedSession = Static<typeof StoppedSession>;

/**
 * What a start waits for, in this order: `queue` for an instance to be free · `claim` of it, in the database · `prepare`: its image is
 * pulled or its files are unpacked · `boot`: its process runs until it answers · `activate`: it accepts the session · `connect`: its
 * socket is open. A warm start has no `prepare` and no `boot`.
 */
export const traceSteps = ['queue', 'claim', 'prepare', 'boot', 'activate', 'connect'] as const;
export type TraceStep = (typeof traceSteps)[number];

export const SessionTrace = Type.Object({
  sessionId: Type.String(),
  requestedAt: Timestamp,
  coldStart: OrNull(Type.Boolean()),
  coldReason: OrNull(Type.String({ description: 'Why no instance was waiting' })),
  outcome: Type.Enum(['started', 'failed', 'starting']),
  error: OrNull(Type.String()),
  instanceId: OrNull(Type.String()),
  workerId: OrNull(Type.String()),
  totalMs: OrNull(Type.Integer({ description: 'From the request to the acceptance by the agent' })),
  steps: Type.Array(
    Type.Object({
      step: Type.Enum([...traceSteps]),
      atMs: Type.Integer({ description: 'Since the request' }),
      ms: OrNull(Type.Integer({ description: 'How long; null while it goes on, or where it never ended' })),
    }),
  ),
});
export type SessionTrace = Static<typeof SessionTrace>;

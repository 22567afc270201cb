import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

/** `POST /v1/public/{agent}/start` (contract §8.1). Unknown members are ignored. */
export const StartBody = Type.Object({
  createDailyRoom: Type.Optional(Type.Boolean()),
  dailyRoomProperties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  dailyMeetingTokenProperties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  enableDefaultIceServers: Type.Optional(Type.Boolean()),
  transport: Type.Optional(Type.Enum(['daily', 'webrtc', 'websocket'])),
  body: Type.Optional(Type.Unknown()),
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
});
export type StartedSession = Static<typeof StartedSession>;

export const sessionStates = ['starting', 'active', 'ended'] as const;

/** Every key is present: clients of the contract read them without a check (contract §12.1). */
export const Session = Type.Object({
  sessionId: Type.String(),
  state: Type.Enum([...sessionStates]),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: Type.Union([Timestamp, Type.Null()]),
  botStartSeconds: Type.Union([Type.Integer(), Type.Null()]),
  coldStart: Type.Union([Type.Boolean(), Type.Null()]),
  completionStatus: Type.Union([Type.String(), Type.Null()]),
  endReason: Type.Union([Type.String(), Type.Null()]),
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
  resourceMetrics: Type.Union([ResourceMetrics, Type.Null()]),
  meetingIds: Type.Array(Type.Object({ participantId: Type.String(), meetingId: Type.String() })),
});
export type SessionDetail = Static<typeof SessionDetail>;

export const SessionQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
  status: Type.Optional(Type.Enum(['active', 'ended', 'all'])),
  deploymentId: Type.Optional(Type.String({ maxLength: 64 })),
});
export type SessionQuery = Static<typeof SessionQuery>;

export const StoppedSession = Type.Object({ status: Type.Literal('terminated'), session_id: Type.String() });
export type StoppedSession = Static<typeof StoppedSession>;

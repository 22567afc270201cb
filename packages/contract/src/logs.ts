import { type Static, Type } from 'typebox';
import { openPageQuery } from './paging.js';

/** Lines of one answer at most. */
export const logPageMaximum = 10_000;

const filters = {
  deploymentId: Type.Optional(Type.String({ maxLength: 64 })),
  sessionId: Type.Optional(Type.String({ maxLength: 64 })),
  query: Type.Optional(Type.String({ maxLength: 500 })),
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
  startTime: Type.Optional(Type.Number()),
  endTime: Type.Optional(Type.Number()),
};
/** Filters of contract §7.4; `startTime` and `endTime` are Unix seconds. */
export const LogQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: logPageMaximum, default: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 })),
  ...filters,
});
export type LogQuery = Static<typeof LogQuery>;

/** The same for `GET /v1/agents/{name}/logs`, where the newest line comes first unless asked otherwise. */
export const PrivateLogQuery = Type.Object({ ...openPageQuery(10), ...filters });

export const LogEntry = Type.Object({
  log: Type.String(),
  timestamp: Type.String(),
  deploymentId: Type.Optional(Type.String()),
  sessionId: Type.Optional(Type.String()),
});
export type LogEntry = Static<typeof LogEntry>;

export const LogList = Type.Object({
  logs: Type.Array(LogEntry),
  total: Type.Object({ value: Type.Integer(), relation: Type.Enum(['eq', 'gte']) }),
});
export type LogList = Static<typeof LogList>;

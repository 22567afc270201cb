import { type Static, Type } from 'typebox';

/** Filters of contract §7.4; `startTime` and `endTime` are Unix seconds. */
export const LogQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 })),
  deploymentId: Type.Optional(Type.String({ maxLength: 64 })),
  sessionId: Type.Optional(Type.String({ maxLength: 64 })),
  query: Type.Optional(Type.String({ maxLength: 500 })),
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
  startTime: Type.Optional(Type.Number()),
  endTime: Type.Optional(Type.Number()),
});
export type LogQuery = Static<typeof LogQuery>;

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

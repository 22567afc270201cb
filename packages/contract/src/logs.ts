import { type Static, Type } from 'typebox';
import { logLevels } from './log-levels.js';
import { openPageQuery } from './paging.js';

/** Lines of one answer at most. */
export const logPageMaximum = 10_000;
/** Lines from before that following begins with, at most. */
export const logTailMaximum = 10_000;

/** Addresses one line of an agent's log, for as long as the line is kept. */
export const logCursorPattern = '^[0-9a-z]{1,8}\\.[0-9a-z]{1,10}$';
const Cursor = (description: string) => Type.Optional(Type.String({ pattern: logCursorPattern, description }));
const oneLevel = `(?:${logLevels.join('|')})`;

const which = {
  deploymentId: Type.Optional(Type.String({ maxLength: 64 })),
  sessionId: Type.Optional(Type.String({ maxLength: 64 })),
  query: Type.Optional(Type.String({ maxLength: 500, description: 'Part of the text, in upper or lower case' })),
  level: Type.Optional(
    Type.String({
      pattern: `^${oneLevel}(?:,${oneLevel})*$`,
      description: `Only these levels, separated by commas: ${logLevels.join(', ')}`,
    }),
  ),
  startTime: Type.Optional(Type.Number()),
  endTime: Type.Optional(Type.Number()),
};
const filters = {
  ...which,
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
  before: Cursor('The lines before this one, by arrival'),
  after: Cursor('The lines after this one, by arrival'),
  around: Cursor('This line with those around it, by arrival'),
};
/** Filters of contract §7.4; `startTime` and `endTime` are Unix seconds. At most one of `before`, `after` and `around`. */
export const LogQuery = Type.Object({
  // Clients know no maximum (contract §12.3): a page is cut to `logPageMaximum`, not refused.
  limit: Type.Optional(Type.Integer({ minimum: 1, default: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  ...filters,
});
export type LogQuery = Static<typeof LogQuery>;

/** The same for `GET /v1/agents/{name}/logs`, where the newest line comes first unless asked otherwise. */
export const PrivateLogQuery = Type.Object({ ...openPageQuery(10), ...filters });

/** What to follow: `tail` lines from before, or everything after a line, and then what comes. */
export const LogFollowQuery = Type.Object({
  ...which,
  tail: Type.Optional(
    Type.Integer({ minimum: 0, maximum: logTailMaximum, default: 0, description: 'Lines from before to begin with' }),
  ),
  after: Cursor('Go on after this line; the header Last-Event-ID says the same, and goes before it'),
});
export type LogFollowQuery = Static<typeof LogFollowQuery>;

export const LogEntry = Type.Object({
  log: Type.String(),
  timestamp: Type.String(),
  deploymentId: Type.Optional(Type.String()),
  sessionId: Type.Optional(Type.String()),
  level: Type.Optional(Type.Enum([...logLevels])),
  stream: Type.Optional(Type.Enum(['stdout', 'stderr'], { description: 'Where the worker can tell them apart' })),
  instanceId: Type.Optional(Type.String()),
  cursor: Type.Optional(
    Type.String({ description: 'Addresses this line: for before, after and around, and as a link to it' }),
  ),
});
export type LogEntry = Static<typeof LogEntry>;

export const LogList = Type.Object({
  logs: Type.Array(LogEntry),
  total: Type.Object({ value: Type.Integer(), relation: Type.Enum(['eq', 'gte']) }),
});
export type LogList = Static<typeof LogList>;

/** How long lines of an agent are kept; null where the installation's own limit holds. */
export const LogRetention = Type.Object({
  days: Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()]),
  megabytes: Type.Union([Type.Integer({ minimum: 1, maximum: 1_048_576 }), Type.Null()]),
});
export type LogRetention = Static<typeof LogRetention>;
/** With what holds in the end: the smaller of both; 0 for no limit. */
export const LogRetentionState = Type.Object({
  ...LogRetention.properties,
  effective: Type.Object({ days: Type.Integer(), megabytes: Type.Integer() }),
});
export type LogRetentionState = Static<typeof LogRetentionState>;

/** What one server-sent event of a followed log is; `line` and `alive` have no name on the wire. */
export type LogEvent =
  | { type: 'line'; entry: LogEntry }
  /** The stream is open, and has been read up to the cursor without a match: go on after it. */
  | { type: 'alive'; cursor?: string }
  /** Lines between the cursor that was given and the oldest that is kept are gone. */
  | { type: 'gap' }
  /** The session that was followed has ended, and these were its last lines. */
  | { type: 'end' };

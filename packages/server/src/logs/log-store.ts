import type { LogLevel } from '@pipecat-cloud/contract/log-levels';

/** Where lines come from. Ids are UUIDs; an instance is one life of one process. */
export interface LogSource {
  agentId: string;
  deploymentId: string;
  instanceId: string;
}

export interface LogLine {
  /** Grows with every line of an instance, so a repeated line can be told. */
  position: number;
  /** ISO 8601, UTC, with milliseconds. */
  time: string;
  text: string;
  sessionId?: string;
  /** Told from the text where it is absent. */
  level?: LogLevel;
  stream?: 'stdout' | 'stderr';
}

export interface StoredLogLine extends LogLine {
  deploymentId: string;
  instanceId: string;
  level: LogLevel;
  /** Addresses this line as long as it is kept; see `log-cursor.ts`. */
  cursor: string;
}

/** Which lines of an agent; all that are given must hold. */
export interface LogFilter {
  deploymentId?: string;
  sessionId?: string;
  /** Part of the text, in upper or lower case. */
  query?: string;
  /** One of these. */
  levels?: readonly LogLevel[];
  /** Both included. */
  startTime?: Date;
  endTime?: Date;
}

export interface LogQuery extends LogFilter {
  agentId: string;
}

export interface LogPageQuery extends LogQuery {
  /** Those next to the end that the page counts from that match, after `offset` of them are passed over. */
  limit: number;
  offset: number;
  /** The newest unless said otherwise. */
  from?: 'newest' | 'oldest' | undefined;
  /** How the page is sorted; it holds the same lines either way. */
  order: 'asc' | 'desc';
}

/** Matching lines next to the line of a cursor; `around` holds that line too. Sorted by arrival, or backwards. */
export interface LogPlaceQuery extends LogQuery {
  side: 'before' | 'after' | 'around';
  cursor: string;
  limit: number;
  order: 'asc' | 'desc';
}

export interface LogPage {
  lines: StoredLogLine[];
  /** `gte`: there are at least so many; counting stopped there. */
  total: { value: number; relation: 'eq' | 'gte' };
}

export interface LogFollowQuery extends LogQuery {
  /** Everything after the line of this cursor first; without it, and without `tail`, only what arrives after the call. */
  after?: string | undefined;
  /** So many matching lines from before first. */
  tail?: number | undefined;
}

/** A step of following: some lines, or none where nothing matched, and how far it has read. */
export interface FollowedLines {
  lines: StoredLogLine[];
  /** Following after this one misses nothing and repeats nothing. */
  cursor: string;
  /** The log does not go on after `after`: lines are gone, or it ends before. All that is kept follows. Only in the first step. */
  gap?: true;
  /** By `performance.now()`: all that the log held then has been read. In a step of its own, before following waits for more. */
  caughtUp?: number;
}

/** How much is kept of an agent's log; 0 or absent for no limit. */
export interface LogLimits {
  maxAgeMs?: number;
  maxBytes?: number;
}

export interface PruneOrder {
  now: Date;
  limitsOf: (agentId: string) => LogLimits;
  /** Of all agents together: the oldest parts of any go first. 0 for no limit. */
  totalBytes: number;
}

export interface LogStoreSize {
  bytes: number;
  agents: number;
}

/** The disk has too little room left for logs; the rest is for what matters more. Nothing was added. */
export class LogDiskFull extends Error {
  constructor(folder: string) {
    super(
      `Log lines are not stored: the disk of ${folder} is full. Free some space, or keep less (PIPECAT_CLOUD_LOG_DAYS, PIPECAT_CLOUD_LOG_MAX_MB); workers keep what they could not hand over`,
    );
    this.name = 'LogDiskFull';
  }
}

export interface LogStore {
  /**
   * Adds lines after those that are there, all or none. A line whose position its instance has reached already is passed over, so
   * a repeated or overlapping batch adds nothing twice, also after a restart. Resolves once the disk has the lines. Throws
   * `LogDiskFull`.
   */
  append(source: LogSource, lines: readonly LogLine[]): Promise<void>;
  /** An unknown agent has no lines. A page is sorted by time, lines of the same time by arrival. */
  read(query: LogPageQuery): Promise<LogPage>;
  /** `total` counts the lines of the page; `gte` where the page is full. */
  readAt(query: LogPlaceQuery): Promise<LogPage>;
  /** Lines in order of arrival, until the signal, `removeAgent` or `close` ends it. */
  follow(query: LogFollowQuery, signal: AbortSignal): AsyncIterable<FollowedLines>;
  /** The next lines after a cursor, or from the oldest on, in one piece of a file; undefined where there are none yet. */
  readOn(agentId: string, after: string | undefined): Promise<FollowedLines | undefined>;
  /** Calls back after lines were added, with their agent, until the returned function is called. */
  onAppend(listener: (agentId: string) => void): () => void;
  /** Frees what the limits leave out, the oldest first and in whole parts: a line may stay as long as a later one is in the same part. */
  prune(order: PruneOrder): Promise<LogStoreSize>;
  /** Ids of agents that have a log. */
  agents(): Promise<string[]>;
  removeAgent(agentId: string): Promise<void>;
  /** Waits for appends under way. Nothing may be called afterwards. */
  close(): Promise<void>;
}

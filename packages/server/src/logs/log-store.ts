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
}

export interface StoredLogLine extends LogLine {
  deploymentId: string;
  instanceId: string;
}

/** Which lines of an agent; all that are given must hold. */
export interface LogFilter {
  deploymentId?: string;
  sessionId?: string;
  /** Part of the text, in upper or lower case. */
  query?: string;
  /** Both included. */
  startTime?: Date;
  endTime?: Date;
}

export interface LogQuery extends LogFilter {
  agentId: string;
}

export interface LogPageQuery extends LogQuery {
  /** The newest that match, after `offset` newer ones are passed over. */
  limit: number;
  offset: number;
  /** How the page is sorted; it holds the same lines either way. */
  order: 'asc' | 'desc';
}

export interface LogPage {
  lines: StoredLogLine[];
  /** `gte`: there are at least so many; counting stopped there. */
  total: { value: number; relation: 'eq' | 'gte' };
}

export interface LogStore {
  /**
   * Adds lines after those that are there, all or none. A line whose position its instance has reached already is passed over, so
   * a repeated or overlapping batch adds nothing twice, also after a restart. Resolves once the operating system has the lines.
   */
  append(source: LogSource, lines: readonly LogLine[]): Promise<void>;
  /** An unknown agent has no lines. A page is sorted by time, lines of the same time by arrival. */
  read(query: LogPageQuery): Promise<LogPage>;
  /** Lines that arrive after this call, in order of arrival, until the signal, `removeAgent` or `close` ends it. */
  follow(query: LogQuery, signal: AbortSignal): AsyncIterable<StoredLogLine>;
  /** Frees what lies before a time, in whole parts: a line from before may stay as long as a later one is in the same part. */
  prune(before: Date): Promise<void>;
  removeAgent(agentId: string): Promise<void>;
  /** Waits for appends under way. Nothing may be called afterwards. */
  close(): Promise<void>;
}

import { type LogLevel, levelOfLine } from '@pipecat-cloud/contract/log-levels';
import { encodeCursor } from './log-cursor.js';
import type { LogFilter, LogLine, LogSource, StoredLogLine } from './log-store.js';

/** Short member names: they are repeated in every line of every file. */
interface Encoded {
  i: string;
  d: string;
  p: number;
  t: string;
  s?: string;
  /** First letter of the level. */
  l?: string;
  /** `o` for stdout, `e` for stderr. */
  e?: string;
  x: string;
}

/** Longer texts are cut, so that a reader can count on lines being far smaller than its blocks. */
const textLimit = 32_000;

const levelsByLetter: Readonly<Record<string, LogLevel>> = {
  D: 'DEBUG',
  I: 'INFO',
  W: 'WARNING',
  E: 'ERROR',
  C: 'CRITICAL',
};

/** One line of a segment file, newline included. */
export function encodeLine(source: LogSource, line: LogLine): string {
  const { position, time, text, sessionId, level = levelOfLine(text) ?? 'INFO', stream } = line;
  const encoded: Encoded = {
    i: source.instanceId,
    d: source.deploymentId,
    p: position,
    t: time,
    ...(sessionId === undefined ? {} : { s: sessionId }),
    l: level.slice(0, 1),
    ...(stream === undefined ? {} : { e: stream === 'stderr' ? 'e' : 'o' }),
    x: text.length > textLimit ? `${text.slice(0, textLimit)}…` : text,
  };
  return `${JSON.stringify(encoded)}\n`;
}

/** A line as it stands in a file, with the place where it ends. */
export interface RawLine {
  text: string;
  segment: number;
  end: number;
}

/** Nothing for a line that a power failure left half written. */
export function decodeLine({ text, segment, end }: RawLine): StoredLogLine | undefined {
  let encoded: Partial<Encoded> | null;
  try {
    encoded = JSON.parse(text) as Partial<Encoded> | null;
  } catch {
    return undefined;
  }
  const { i, d, p, t, s, l, e, x } = encoded ?? {};
  if (i === undefined || d === undefined || p === undefined || t === undefined || x === undefined) return undefined;
  return {
    instanceId: i,
    deploymentId: d,
    position: p,
    time: t,
    ...(s === undefined ? {} : { sessionId: s }),
    // Lines of earlier releases say none.
    level: levelsByLetter[l ?? ''] ?? levelOfLine(x) ?? 'INFO',
    ...(e === undefined ? {} : { stream: e === 'e' ? 'stderr' : 'stdout' }),
    text: x,
    cursor: encodeCursor(segment, end),
  };
}

export interface Matcher {
  /** Whether a stretch of a file may hold a matching line: quick, and never wrong where it says no. */
  block(bytes: Buffer): boolean;
  /** The same for one line of it. */
  raw(text: string): boolean;
  line(line: StoredLogLine): boolean;
}

/** A filter as tests of a block, of a line as it stands in a file, and of a line. */
export function createMatcher(filter: LogFilter): Matcher {
  const { deploymentId, sessionId } = filter;
  const part = filter.query?.toLowerCase();
  const start = filter.startTime?.toISOString();
  const end = filter.endTime?.toISOString();
  const levels = filter.levels && new Set<LogLevel>(filter.levels);
  // As it stands in the file: JSON writes a text in one way, so that what holds the query holds this too.
  const written = part === undefined ? undefined : JSON.stringify(part).slice(1, -1).toLowerCase();
  const session = sessionId === undefined ? undefined : `"s":${JSON.stringify(sessionId)}`;
  const deployment = deploymentId === undefined ? undefined : `"d":${JSON.stringify(deploymentId)}`;
  const exact = [session, deployment].filter((text) => text !== undefined);
  return {
    block(bytes) {
      if (!exact.every((text) => bytes.includes(text))) return false;
      return written === undefined || bytes.toString('utf8').toLowerCase().includes(written);
    },
    raw(text) {
      if (!exact.every((one) => text.includes(one))) return false;
      return written === undefined || text.toLowerCase().includes(written);
    },
    line: (line) =>
      (deploymentId === undefined || line.deploymentId === deploymentId) &&
      (sessionId === undefined || line.sessionId === sessionId) &&
      // ISO 8601 in UTC sorts as text.
      (start === undefined || line.time >= start) &&
      (end === undefined || line.time <= end) &&
      (levels === undefined || levels.has(line.level)) &&
      (part === undefined || line.text.toLowerCase().includes(part)),
  };
}

export function isFiltered(filter: LogFilter): boolean {
  const { deploymentId, sessionId, query, levels, startTime, endTime } = filter;
  return [deploymentId, sessionId, query, levels, startTime, endTime].some((value) => value !== undefined);
}

import type { LogFilter, LogLine, LogSource, StoredLogLine } from './log-store.js';

/** Short member names: they are repeated in every line of every file. */
interface Encoded {
  i: string;
  d: string;
  p: number;
  t: string;
  s?: string;
  x: string;
}

/** Longer texts are cut, so that a reader can count on lines being far smaller than its blocks. */
const textLimit = 32_000;

/** One line of a segment file, newline included. */
export function encodeLine(source: LogSource, line: LogLine): string {
  const encoded: Encoded = {
    i: source.instanceId,
    d: source.deploymentId,
    p: line.position,
    t: line.time,
    ...(line.sessionId === undefined ? {} : { s: line.sessionId }),
    x: line.text.length > textLimit ? `${line.text.slice(0, textLimit)}…` : line.text,
  };
  return `${JSON.stringify(encoded)}\n`;
}

/** Nothing for a line that a power failure left half written. */
export function decodeLine(text: string): StoredLogLine | undefined {
  let encoded: Partial<Encoded> | null;
  try {
    encoded = JSON.parse(text) as Partial<Encoded> | null;
  } catch {
    return undefined;
  }
  const { i, d, p, t, s, x } = encoded ?? {};
  if (i === undefined || d === undefined || p === undefined || t === undefined || x === undefined) return undefined;
  return {
    instanceId: i,
    deploymentId: d,
    position: p,
    time: t,
    ...(s === undefined ? {} : { sessionId: s }),
    text: x,
  };
}

/** A filter as a test of one line. */
export function createMatcher(filter: LogFilter): (line: StoredLogLine) => boolean {
  const { deploymentId, sessionId } = filter;
  const part = filter.query?.toLowerCase();
  const start = filter.startTime?.toISOString();
  const end = filter.endTime?.toISOString();
  return (line) =>
    (deploymentId === undefined || line.deploymentId === deploymentId) &&
    (sessionId === undefined || line.sessionId === sessionId) &&
    // ISO 8601 in UTC sorts as text.
    (start === undefined || line.time >= start) &&
    (end === undefined || line.time <= end) &&
    (part === undefined || line.text.toLowerCase().includes(part));
}

import type { AgentLog, Segment } from './agent-log.js';
import { createMatcher, decodeLine, isFiltered } from './log-codec.js';
import { decodeCursor, encodeCursor, type LogPlace } from './log-cursor.js';
import { readPage } from './log-page.js';
import type { FollowedLines, LogFollowQuery, StoredLogLine } from './log-store.js';
import { chunksForwards, linesOf } from './segment-file.js';

const beginning: LogPlace = { segment: 0, bytes: 0 };

/** Present end of a log. */
export function endOf(log: AgentLog): LogPlace {
  const last = log.segments().at(-1);
  return { segment: last?.number ?? 0, bytes: last?.bytes ?? 0 };
}

/**
 * Reads on from a place in the files whenever something was added, so a slow reader costs no memory and misses nothing. `started`
 * is the end of the log at the call.
 */
export async function* followLog(
  started: Promise<{ log: AgentLog; place: LogPlace }>,
  query: LogFollowQuery,
  signal: AbortSignal,
): AsyncGenerator<FollowedLines> {
  const { log, place: end } = await started;
  const matcher = createMatcher(query);
  let place = end;
  if (query.after !== undefined) {
    place = decodeCursor(query.after);
    if (isGap(log, place)) {
      place = beginning;
      yield { lines: [], cursor: encodeCursor(place.segment, place.bytes), gap: true };
    }
  } else if (query.tail) {
    const page = { ...query, limit: query.tail, offset: 0, order: 'asc' } as const;
    const { lines } = await readPage(upTo(log.segments(), end), page);
    yield { lines, cursor: encodeCursor(end.segment, end.bytes) };
  }
  while (!signal.aborted && !log.isEnded()) {
    const changed = log.changed();
    const looked = performance.now();
    for (const segment of log.segments()) {
      if (segment.number < place.segment) continue;
      const from = segment.number === place.segment ? place.bytes : 0;
      for await (const chunk of chunksForwards(segment.path, from, segment.bytes)) {
        const lines: StoredLogLine[] = [];
        for (const raw of isFiltered(query) && !matcher.block(chunk.bytes) ? [] : linesOf(chunk, segment.number)) {
          const line = matcher.raw(raw.text) ? decodeLine(raw) : undefined;
          if (line && matcher.line(line)) lines.push(line);
        }
        yield { lines, cursor: encodeCursor(segment.number, chunk.begin + chunk.bytes.length) };
        if (signal.aborted) return;
      }
      place = { segment: segment.number, bytes: Math.max(segment.bytes, from) };
    }
    yield { lines: [], cursor: encodeCursor(place.segment, place.bytes), caughtUp: looked };
    await settledOrAborted(changed, signal);
  }
}

/** One piece of a file after a place: what a reader takes that keeps its own place. */
export async function readOn(log: AgentLog, after: string | undefined): Promise<FollowedLines | undefined> {
  const wanted = after === undefined ? beginning : decodeCursor(after);
  const gap = after !== undefined && isGap(log, wanted);
  const place = gap ? beginning : wanted;
  for (const segment of log.segments()) {
    if (segment.number < place.segment) continue;
    const from = segment.number === place.segment ? place.bytes : 0;
    for await (const chunk of chunksForwards(segment.path, from, segment.bytes)) {
      const lines = linesOf(chunk, segment.number).flatMap((raw) => decodeLine(raw) ?? []);
      const cursor = encodeCursor(segment.number, chunk.begin + chunk.bytes.length);
      return { lines, cursor, ...(gap ? { gap } : {}) };
    }
  }
  return undefined;
}

/**
 * What came after this place is not known: parts of the log have been given up, or it ends before the place, as one that was lost
 * or restored to an earlier state does. Nothing less than all that is there is sure to miss nothing.
 */
function isGap(log: AgentLog, { segment, bytes }: LogPlace): boolean {
  const segments = log.segments();
  const oldest = segments[0]?.number ?? 0;
  const newest = segments.at(-1)?.number ?? 0;
  // The end of a log that had no line yet.
  if (segment === 0 && oldest <= 1) return false;
  if (segment < oldest || segment > newest) return true;
  return bytes > (segments.find(({ number }) => number === segment)?.bytes ?? 0);
}

/** As they were when the end was taken. */
function upTo(segments: readonly Segment[], end: LogPlace): Segment[] {
  return segments
    .filter(({ number }) => number <= end.segment)
    .map((segment) => (segment.number === end.segment ? { ...segment, bytes: end.bytes } : segment));
}

async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

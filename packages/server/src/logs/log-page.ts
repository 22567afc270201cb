import type { Segment } from './agent-log.js';
import { createMatcher, decodeLine } from './log-codec.js';
import type { LogFilter, LogPage, LogPageQuery, StoredLogLine } from './log-store.js';
import { linesBackwards } from './segment-file.js';
import { mayMatch } from './segment-index.js';

/** Lines that are read on, once the page is full, only to know how many match. */
const countLimit = 20_000;

/** The newest matching lines of these segments (oldest first), walking backwards and reading no more than it takes. */
export async function readPage(segments: readonly Segment[], query: LogPageQuery): Promise<LogPage> {
  const newestFirst = segments.toReversed();
  const page = isFiltered(query) ? await filtered(newestFirst, query) : await plain(newestFirst, query);
  // Instances send their lines in batches, so arrival alone would show them in lumps.
  page.lines.reverse().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  if (query.order === 'desc') page.lines.reverse();
  return page;
}

/** Everything matches, so whole segments are counted and passed over without being opened. */
async function plain(segments: readonly Segment[], { limit, offset }: LogPageQuery): Promise<LogPage> {
  const lines: StoredLogLine[] = [];
  let toSkip = offset;
  for (const segment of segments) {
    if (lines.length >= limit) break;
    if (toSkip >= segment.lines) {
      toSkip -= segment.lines;
      continue;
    }
    await walk(segment, (line) => {
      if (toSkip > 0) toSkip--;
      else lines.push(line);
      return lines.length < limit;
    });
  }
  return { lines, total: { value: segments.reduce((sum, segment) => sum + segment.lines, 0), relation: 'eq' } };
}

async function filtered(segments: readonly Segment[], query: LogPageQuery): Promise<LogPage> {
  const { limit, offset } = query;
  const matches = createMatcher(query);
  const lines: StoredLogLine[] = [];
  let found = 0;
  let readOn = 0;
  for (const segment of segments) {
    if (!mayMatch(await segment.index(), query)) continue;
    if (readOn >= countLimit) return { lines, total: { value: found, relation: 'gte' } };
    await walk(segment, (line) => {
      if (matches(line)) {
        found++;
        if (found > offset && lines.length < limit) lines.push(line);
      }
      if (lines.length >= limit) readOn++;
      return readOn < countLimit;
    });
  }
  return { lines, total: { value: found, relation: readOn < countLimit ? 'eq' : 'gte' } };
}

/** Calls `take` with each line, newest first, until it returns false. */
async function walk(segment: Segment, take: (line: StoredLogLine) => boolean): Promise<void> {
  for await (const texts of linesBackwards(segment.path, segment.bytes)) {
    for (const text of texts) {
      const line = decodeLine(text);
      if (line && !take(line)) return;
    }
  }
}

function isFiltered(filter: LogFilter): boolean {
  const { deploymentId, sessionId, query, startTime, endTime } = filter;
  return [deploymentId, sessionId, query, startTime, endTime].some((value) => value !== undefined);
}

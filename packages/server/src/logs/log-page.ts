import type { Segment } from './agent-log.js';
import { createMatcher, decodeLine, isFiltered, type Matcher, type RawLine } from './log-codec.js';
import { decodeCursor, type LogPlace } from './log-cursor.js';
import type { LogFilter, LogPage, LogPageQuery, LogPlaceQuery, StoredLogLine } from './log-store.js';
import { chunksBackwards, chunksForwards, type LineChunk, linesOf } from './segment-file.js';
import { rangeOf } from './segment-index.js';

/** Lines that are read on, once the page is full, only to know how many match. */
const countLimit = 20_000;

/** Matching lines of these segments (oldest first), walking from the end that the page counts from and reading no more than it takes. */
export async function readPage(segments: readonly Segment[], query: LogPageQuery): Promise<LogPage> {
  const fromOldest = query.from === 'oldest';
  const ordered = fromOldest ? segments : segments.toReversed();
  const walk = fromOldest ? walkForward : walkBack;
  const page = isFiltered(query) ? await filtered(ordered, query, walk) : await plain(ordered, query, walk);
  if (!fromOldest) page.lines.reverse();
  // Instances send their lines in batches, so arrival alone would show them in lumps.
  page.lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  if (query.order === 'desc') page.lines.reverse();
  return page;
}

/** Matching lines beside a place, by arrival. */
export async function readBeside(segments: readonly Segment[], query: LogPlaceQuery): Promise<LogPage> {
  const { side, cursor, limit } = query;
  const place = decodeCursor(cursor);
  const half = Math.ceil(limit / 2);
  const before = side === 'after' ? [] : await upTo(segments, query, place, side === 'around' ? half : limit);
  const after = side === 'before' ? [] : await from(segments, query, place, limit - before.length);
  const lines = [...before, ...after];
  if (query.order === 'desc') lines.reverse();
  return { lines, total: { value: lines.length, relation: lines.length < limit ? 'eq' : 'gte' } };
}

/** The last lines that end at the place or before it; with `before` the line of the place itself is left out. */
async function upTo(segments: readonly Segment[], query: LogPlaceQuery, place: LogPlace, limit: number) {
  const lines: StoredLogLine[] = [];
  const matcher = createMatcher(query);
  const itself = query.side === 'before' ? query.cursor : undefined;
  for (const segment of segments.toReversed()) {
    if (segment.number > place.segment || lines.length >= limit) continue;
    const end = segment.number === place.segment ? Math.min(place.bytes, segment.bytes) : segment.bytes;
    await walkBack(segment, { end, filter: query, matcher }, (line) => {
      if (line.cursor !== itself && matcher.line(line)) lines.push(line);
      return lines.length < limit;
    });
  }
  return lines.reverse();
}

async function from(segments: readonly Segment[], query: LogPlaceQuery, place: LogPlace, limit: number) {
  const lines: StoredLogLine[] = [];
  if (limit <= 0) return lines;
  const matcher = createMatcher(query);
  for (const segment of segments) {
    if (segment.number < place.segment) continue;
    const range = rangeOf(await segment.index(), segment.bytes, query);
    if (!range) continue;
    const start = segment.number === place.segment ? Math.max(place.bytes, range.from) : range.from;
    for await (const chunk of chunksForwards(segment.path, start, range.to)) {
      if (!matcher.block(chunk.bytes)) continue;
      for (const raw of linesOf(chunk, segment.number)) {
        const line = matcher.raw(raw.text) ? decodeLine(raw) : undefined;
        if (line && matcher.line(line)) lines.push(line);
        if (lines.length >= limit) return lines;
      }
    }
  }
  return lines;
}

/** Everything matches, so whole segments are counted and passed over without being opened. */
async function plain(segments: readonly Segment[], { limit, offset }: LogPageQuery, walk: Walk): Promise<LogPage> {
  const lines: StoredLogLine[] = [];
  let toSkip = offset;
  for (const segment of segments) {
    if (lines.length >= limit) break;
    if (toSkip >= segment.lines) {
      toSkip -= segment.lines;
      continue;
    }
    await walk(segment, { end: segment.bytes }, (line) => {
      if (toSkip > 0) toSkip--;
      else lines.push(line);
      return lines.length < limit;
    });
  }
  return { lines, total: { value: segments.reduce((sum, segment) => sum + segment.lines, 0), relation: 'eq' } };
}

async function filtered(segments: readonly Segment[], query: LogPageQuery, walk: Walk): Promise<LogPage> {
  const { limit, offset } = query;
  const matcher = createMatcher(query);
  const lines: StoredLogLine[] = [];
  let found = 0;
  let readOn = 0;
  const passed = (count: number) => {
    if (lines.length >= limit) readOn += count;
    return readOn < countLimit;
  };
  for (const segment of segments) {
    if (!rangeOf(await segment.index(), segment.bytes, query)) continue;
    if (readOn >= countLimit) return { lines, total: { value: found, relation: 'gte' } };
    await walk(segment, { end: segment.bytes, filter: query, matcher, passed }, (line) => {
      if (matcher.line(line)) {
        found++;
        if (found > offset && lines.length < limit) lines.push(line);
      }
      return readOn < countLimit;
    });
  }
  return { lines, total: { value: found, relation: readOn < countLimit ? 'eq' : 'gte' } };
}

interface WalkOptions {
  end: number;
  filter?: LogFilter;
  matcher?: Matcher;
  /** Told how many lines were looked at; false ends the walk. */
  passed?: (lines: number) => boolean;
}
/** Calls `take` with each line that may match until it returns false. */
type Walk = (segment: Segment, options: WalkOptions, take: (line: StoredLogLine) => boolean) => Promise<void>;
/** Lines of a chunk that was passed over unread, for the count: nobody needs it exactly. */
const usualLineBytes = 200;

/** The newest line first. */
const walkBack: Walk = async (segment, options, take) => {
  const range = await rangeWithin(segment, options);
  if (!range) return;
  const chunks = chunksBackwards(segment.path, range.to, range.from);
  await walkChunks(chunks, (chunk) => linesOf(chunk, segment.number).reverse(), options, take);
};

/** The oldest line first. */
const walkForward: Walk = async (segment, options, take) => {
  const range = await rangeWithin(segment, options);
  if (!range) return;
  const chunks = chunksForwards(segment.path, range.from, range.to);
  await walkChunks(chunks, (chunk) => linesOf(chunk, segment.number), options, take);
};

async function rangeWithin(segment: Segment, { end, filter }: WalkOptions) {
  const range = filter ? rangeOf(await segment.index(), segment.bytes, filter) : { from: 0, to: segment.bytes };
  return range && { ...range, to: Math.min(end, range.to) };
}

async function walkChunks(
  chunks: AsyncIterable<LineChunk>,
  linesOfChunk: (chunk: LineChunk) => RawLine[],
  { matcher, passed = () => true }: WalkOptions,
  take: (line: StoredLogLine) => boolean,
): Promise<void> {
  for await (const chunk of chunks) {
    if (matcher && !matcher.block(chunk.bytes)) {
      if (!passed(Math.ceil(chunk.bytes.length / usualLineBytes))) return;
      continue;
    }
    for (const raw of linesOfChunk(chunk)) {
      const more = passed(1);
      const line = !matcher || matcher.raw(raw.text) ? decodeLine(raw) : undefined;
      if (line && !take(line)) return;
      if (!more) return;
    }
  }
}

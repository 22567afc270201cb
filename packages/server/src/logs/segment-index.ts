import { readFile } from 'node:fs/promises';
import { writePrivateFile } from '../config/private-file.js';
import { decodeLine } from './log-codec.js';
import type { LogFilter, LogLine } from './log-store.js';
import { chunksForwards, linesOf } from './segment-file.js';

/** From the start of the first line to the end of the last. */
export interface ByteRange {
  from: number;
  to: number;
}

/** What a segment file holds, so that it need not be read to find out. Kept beside it, and made again from it at any time. */
export interface SegmentIndex {
  /** How much of the file this describes. */
  bytes: number;
  lines: number;
  /** Earliest and latest time of its lines; empty when it has none. */
  firstTime: string;
  lastTime: string;
  /** Per instance, the last position. */
  positions: Map<string, number>;
  deployments: Set<string>;
  /** Per session, where in the file its lines are. */
  sessions: Map<string, ByteRange>;
}

const version = 2;

export function emptyIndex(): SegmentIndex {
  return {
    bytes: 0,
    lines: 0,
    firstTime: '',
    lastTime: '',
    positions: new Map(),
    deployments: new Set(),
    sessions: new Map(),
  };
}

type IndexedLine = Pick<LogLine, 'position' | 'time' | 'sessionId'> & { instanceId: string; deploymentId: string };

/** Adds the line that stands in this range of the file; the caller sets `bytes`. */
export function addToIndex(index: SegmentIndex, line: IndexedLine, { from, to }: ByteRange): void {
  index.lines += 1;
  if (index.firstTime === '' || line.time < index.firstTime) index.firstTime = line.time;
  if (line.time > index.lastTime) index.lastTime = line.time;
  index.positions.set(line.instanceId, Math.max(line.position, index.positions.get(line.instanceId) ?? -1));
  index.deployments.add(line.deploymentId);
  if (line.sessionId === undefined) return;
  const known = index.sessions.get(line.sessionId);
  if (known) known.to = to;
  else index.sessions.set(line.sessionId, { from, to });
}

/** Where in the segment matching lines can be; undefined when none can. */
export function rangeOf(index: SegmentIndex, bytes: number, filter: LogFilter): ByteRange | undefined {
  if (filter.startTime && index.lastTime < filter.startTime.toISOString()) return undefined;
  if (filter.endTime && index.firstTime > filter.endTime.toISOString()) return undefined;
  if (filter.deploymentId !== undefined && !index.deployments.has(filter.deploymentId)) return undefined;
  if (filter.sessionId === undefined) return { from: 0, to: bytes };
  const range = index.sessions.get(filter.sessionId);
  // What was added since the segment was asked for is not part of it.
  return range && range.from < bytes ? { from: range.from, to: Math.min(range.to, bytes) } : undefined;
}

export function indexPathOf(segmentPath: string): string {
  return segmentPath.replace(/\.jsonl$/, '.index.json');
}

/**
 * The index of a segment of `bytes` bytes: the one beside it, carried on where it is behind, made new where it is lost, broken or
 * describes more than there is.
 */
export async function loadIndex(segmentPath: string, bytes: number): Promise<SegmentIndex> {
  const kept = await readKept(indexPathOf(segmentPath));
  const index = kept && kept.bytes <= bytes ? kept : emptyIndex();
  if (index.bytes === bytes) return index;
  for await (const chunk of chunksForwards(segmentPath, index.bytes, bytes)) {
    let from = chunk.begin;
    for (const raw of linesOf(chunk, 0)) {
      const line = decodeLine(raw);
      if (line) addToIndex(index, line, { from, to: raw.end });
      from = raw.end;
    }
  }
  index.bytes = bytes;
  return index;
}

export async function saveIndex(segmentPath: string, index: SegmentIndex): Promise<void> {
  const kept = {
    version,
    ...index,
    positions: [...index.positions],
    deployments: [...index.deployments],
    sessions: [...index.sessions].map(([id, { from, to }]) => [id, from, to]),
  };
  await writePrivateFile(indexPathOf(segmentPath), JSON.stringify(kept));
}

async function readKept(path: string): Promise<SegmentIndex | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8'));
    if (kept.version !== version || !Number.isInteger(kept.bytes) || !Number.isInteger(kept.lines)) return undefined;
    return {
      bytes: kept.bytes,
      lines: kept.lines,
      firstTime: String(kept.firstTime),
      lastTime: String(kept.lastTime),
      positions: new Map<string, number>(kept.positions),
      deployments: new Set<string>(kept.deployments),
      sessions: new Map<string, ByteRange>(
        (kept.sessions as [string, number, number][]).map(([id, from, to]) => [id, { from, to }]),
      ),
    };
  } catch {
    // Lost or broken: it is made again from the segment.
    return undefined;
  }
}

import { readFile } from 'node:fs/promises';
import { writePrivateFile } from '../config/private-file.js';
import { decodeLine } from './log-codec.js';
import type { LogFilter, StoredLogLine } from './log-store.js';
import { linesForwards } from './segment-file.js';

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
  sessions: Set<string>;
}

const version = 1;

export function emptyIndex(): SegmentIndex {
  return {
    bytes: 0,
    lines: 0,
    firstTime: '',
    lastTime: '',
    positions: new Map(),
    deployments: new Set(),
    sessions: new Set(),
  };
}

/** Adds one line; the caller sets `bytes`. */
export function addToIndex(index: SegmentIndex, line: StoredLogLine): void {
  index.lines += 1;
  if (index.firstTime === '' || line.time < index.firstTime) index.firstTime = line.time;
  if (line.time > index.lastTime) index.lastTime = line.time;
  index.positions.set(line.instanceId, Math.max(line.position, index.positions.get(line.instanceId) ?? -1));
  index.deployments.add(line.deploymentId);
  if (line.sessionId !== undefined) index.sessions.add(line.sessionId);
}

/** False when no line of the segment can match. */
export function mayMatch(index: SegmentIndex, filter: LogFilter): boolean {
  if (filter.startTime && index.lastTime < filter.startTime.toISOString()) return false;
  if (filter.endTime && index.firstTime > filter.endTime.toISOString()) return false;
  if (filter.deploymentId !== undefined && !index.deployments.has(filter.deploymentId)) return false;
  return filter.sessionId === undefined || index.sessions.has(filter.sessionId);
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
  for await (const lines of linesForwards(segmentPath, index.bytes, bytes)) {
    for (const { text, end } of lines) {
      const line = decodeLine(text);
      if (line) addToIndex(index, line);
      index.bytes = end;
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
    sessions: [...index.sessions],
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
      sessions: new Set<string>(kept.sessions),
    };
  } catch {
    // Lost or broken: it is made again from the segment.
    return undefined;
  }
}

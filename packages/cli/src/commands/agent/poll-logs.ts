import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@pipecat-cloud/contract/client';
import type { LogEntry, LogQuery } from '@pipecat-cloud/contract/logs';
import { createPatience } from '../../lib/patience.js';
import { ascending, byTime } from './log-lines.js';

/** Lines of one request while following. */
const page = 1000;
const pauseMs = 1000;
/** A server that restarts takes a while, and whoever follows waits for it. */
const tolerated = 60;

export interface FollowOptions {
  /** How many lines from before to begin with. */
  limit: number;
  filter: LogFilter;
}
export type LogFilter = Pick<LogQuery, 'deploymentId' | 'sessionId' | 'level' | 'query' | 'startTime' | 'endTime'>;

/**
 * Lines as they arrive, from a server that can't be followed: without end; with a session, to its end. Pages hold the newest lines by arrival, so a line that comes late
 * with an early time is in the next page all the same; what the page before held already is taken off, each line as often as it was there.
 */
export async function* pollLogs(
  api: Client,
  org: string,
  name: string,
  { limit, filter }: FollowOptions,
): AsyncGenerator<LogEntry[]> {
  const patient = createPatience(tolerated);
  const read = async (count: number, offset: number) =>
    ascending((await api.readLogs(org, name, { ...filter, limit: count, offset, order: 'desc' })).logs);
  const isOver = async () =>
    filter.sessionId !== undefined && Boolean((await api.getSession(org, name, filter.sessionId)).endedAt);

  let before: ReadonlyMap<string, number> | undefined;
  for (;;) {
    // Asked first, so that the lines of a session that has ended are all in what is read next.
    const last = await patient(isOver);
    const found = await patient(() => (before ? newLines(before, read) : firstLines(limit, read)));
    if (found) {
      before = found.before;
      if (found.lines.length > 0) yield found.lines;
      if (last) return;
    }
    await sleep(pauseMs);
  }
}

type Read = (count: number, offset: number) => Promise<LogEntry[]>;
interface Found {
  lines: LogEntry[];
  before: ReadonlyMap<string, number>;
}

async function firstLines(limit: number, read: Read): Promise<Found> {
  const lines = await read(Math.max(page, limit), 0);
  return { lines: limit === 0 ? [] : lines.slice(-limit), before: countsOf(lines) };
}

/** Pages towards older lines until one holds something of before: it is as large as what is remembered, so nothing lies between. */
async function newLines(before: ReadonlyMap<string, number>, read: Read): Promise<Found> {
  const newest = await read(page, 0);
  let lines: LogEntry[] = [];
  for (let [at, found] = [page, newest]; ; at += page, found = await read(page, at - page)) {
    // Lines that arrived meanwhile push others into the next page, where they are seen again.
    lines = [...unseen(found, sum(before, countsOf(lines))), ...lines];
    const reachesBack = found.length < page || unseen(found, before).length < found.length;
    if (reachesBack) break;
  }
  // A page read later may hold lines that came after the first; they count as seen as well.
  return { lines: lines.sort(byTime), before: most(countsOf(newest), countsOf(lines)) };
}

function most(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map(one);
  for (const [key, count] of other) counts.set(key, Math.max(count, counts.get(key) ?? 0));
  return counts;
}

function sum(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map(one);
  for (const [key, count] of other) counts.set(key, (counts.get(key) ?? 0) + count);
  return counts;
}

const keyOf = ({ timestamp, deploymentId, sessionId, log }: LogEntry) =>
  `${timestamp} ${deploymentId ?? ''} ${sessionId ?? ''} ${log}`;

export function countsOf(lines: readonly LogEntry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
  return counts;
}

/** The lines that are here more often than they were before; of equal ones the later count as new. */
export function unseen(lines: readonly LogEntry[], before: ReadonlyMap<string, number>): LogEntry[] {
  const left = new Map(before);
  return lines.filter((line) => {
    const count = left.get(keyOf(line)) ?? 0;
    if (count === 0) return true;
    left.set(keyOf(line), count - 1);
    return false;
  });
}

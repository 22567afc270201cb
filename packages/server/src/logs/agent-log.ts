import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { createLinePositions } from './line-positions.js';
import { encodeLine } from './log-codec.js';
import type { LogLimits, LogLine, LogSource } from './log-store.js';
import { appendWhole, repairEnd, segmentNumbers, WrittenElsewhere } from './segment-file.js';
import {
  addToIndex,
  emptyIndex,
  type IndexedLine,
  indexPathOf,
  loadIndex,
  type SegmentIndex,
  saveIndex,
} from './segment-index.js';

/** A segment as it was when it was asked for: what comes later in the file is not part of it. */
export interface Segment {
  number: number;
  path: string;
  bytes: number;
  lines: number;
  /** As far as it can be true. */
  lastTime: string;
  index(): Promise<SegmentIndex>;
}

type Closed = Omit<Segment, 'index'>;
interface Growing {
  number: number;
  index: SegmentIndex;
}

interface AgentLogOptions {
  folder: string;
  segmentBytes: number;
  /** What it keeps at most, looked at whenever a segment is full. */
  limits: () => LogLimits;
  log: Pick<FastifyBaseLogger, 'warn'> | undefined;
}

/** A line as it is written, with what the index wants to know of it. */
interface EncodedLine extends IndexedLine {
  text: string;
  bytes: number;
}
interface Waiting {
  lines: readonly EncodedLine[];
  done: PromiseWithResolvers<void>;
}
/** Of one write, at the least; what waits beyond that has the next. */
const writeBytes = 1024 * 1024;

/**
 * The log of one agent: numbered segment files in a folder, the last one growing. Opening repairs what a crash left. Only one
 * process may write to a folder.
 */
export async function openAgentLog({ folder, segmentBytes, limits, log }: AgentLogOptions) {
  const pathOf = (number: number) => join(folder, `${String(number).padStart(8, '0')}.jsonl`);
  /** Per instance, over all segments. */
  let positions = createLinePositions();
  const closed: Closed[] = [];
  let active: Growing | undefined;
  let nextNumber = 1;
  let ended = false;
  let expired = false;
  let change = Promise.withResolvers<void>();
  let queue: Promise<unknown> = Promise.resolve();
  const waiting: Waiting[] = [];

  await load();

  /** Takes what is in the folder in place of what was known of it. When that fails, all is as before. */
  async function load(): Promise<void> {
    const latest = createLinePositions();
    const full: Closed[] = [];
    let growing: typeof active;
    for (const number of await segmentNumbers(folder)) {
      if (growing) full.push(await seal(growing));
      const { bytes, cutBytes } = await repairEnd(pathOf(number));
      if (cutBytes > 0)
        log?.warn({ file: pathOf(number), cutBytes }, 'a log line that a crash left unfinished was cut off');
      growing = { number, index: await loadIndex(pathOf(number), bytes) };
      for (const [instanceId, position] of growing.index.positions) latest.remember(instanceId, position);
      nextNumber = Math.max(nextNumber, number + 1);
    }
    positions = latest;
    closed.splice(0, closed.length, ...full);
    active = growing;
    announce();
  }

  function describe(number: number, { bytes, lines, lastTime }: SegmentIndex): Closed {
    return { number, path: pathOf(number), bytes, lines, lastTime };
  }

  /** A line may say any time, and yet none is of later than its file: one from the future must not be kept until then. */
  async function lastTimeOf(number: number, { lastTime }: SegmentIndex): Promise<string> {
    const file = await stat(pathOf(number)).catch(() => undefined);
    const written = file?.mtime.toISOString() ?? lastTime;
    return lastTime < written ? lastTime : written;
  }

  /** Notes the index of a segment that grows no more. It is a help only, so a full disk doesn't stop the log here. */
  async function seal({ number, index }: Growing): Promise<Closed> {
    await saveIndex(pathOf(number), index).catch((err) =>
      log?.warn({ err }, 'the index of a log segment could not be kept'),
    );
    return { ...describe(number, index), lastTime: await lastTimeOf(number, index) };
  }

  async function retire(): Promise<void> {
    if (active) closed.push(await seal(active));
    active = undefined;
  }

  /** One change at a time, in the order of the calls. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function announce(): void {
    const { resolve } = change;
    change = Promise.withResolvers<void>();
    resolve();
  }

  /** Takes what waits, as far as one write goes. Lines that its instance has been past already are left out. */
  function nextWrite(): { batches: Waiting[]; lines: EncodedLine[] } {
    const batches: Waiting[] = [];
    const lines: EncodedLine[] = [];
    const past = new Map<string, number>();
    for (let bytes = 0; waiting.length > 0 && bytes < writeBytes; ) {
      const [batch] = waiting.splice(0, 1) as [Waiting];
      batches.push(batch);
      for (const line of batch.lines) {
        const { instanceId, position } = line;
        if (position <= (past.get(instanceId) ?? positions.of(instanceId))) continue;
        past.set(instanceId, position);
        lines.push(line);
        bytes += line.bytes;
      }
    }
    return { batches, lines };
  }

  async function write(): Promise<void> {
    const { batches, lines } = nextWrite();
    try {
      await store(lines).catch(async (error: unknown) => {
        if (!(error instanceof WrittenElsewhere)) throw error;
        await load();
        // The other one may have been sent the same.
        await store(lines.filter(({ instanceId, position }) => position > positions.of(instanceId)));
      });
      for (const { done } of batches) done.resolve();
    } catch (error) {
      for (const { done } of batches) done.reject(error);
    }
  }

  async function store(lines: readonly EncodedLine[]): Promise<void> {
    // An agent that has been removed while this waited keeps nothing.
    if (lines.length === 0 || ended) return;
    if (active && active.index.bytes >= segmentBytes) {
      await retire();
      await removeBeyond({ maxBytes: limits().maxBytes ?? 0 });
    }
    if (!active) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      active = { number: nextNumber++, index: emptyIndex() };
    }
    const { number, index } = active;
    let from = index.bytes;
    index.bytes = await appendWhole(pathOf(number), lines.map(({ text }) => text).join(''), from);
    for (const line of lines) {
      const to = from + line.bytes;
      addToIndex(index, line, { from, to });
      positions.remember(line.instanceId, line.position);
      from = to;
    }
    announce();
  }

  /** All that wait are written together: many instances cost as many syncs of the disk as one. */
  function append(source: LogSource, lines: readonly LogLine[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    const { deploymentId, instanceId } = source;
    const encoded = lines.map((line): EncodedLine => {
      const text = encodeLine(source, line);
      const { position, time, sessionId } = line;
      const session = sessionId === undefined ? {} : { sessionId };
      return { text, bytes: Buffer.byteLength(text), position, time, deploymentId, instanceId, ...session };
    });
    waiting.push({ lines: encoded, done });
    void inTurn(write);
    return done.promise;
  }

  const bytes = () => closed.reduce((sum, segment) => sum + segment.bytes, active?.index.bytes ?? 0);

  async function removeSegment(segment: Closed): Promise<void> {
    // The index first: without its segment it would never be found again.
    await rm(indexPathOf(segment.path), { force: true });
    await rm(segment.path, { force: true });
    closed.splice(closed.indexOf(segment), 1);
    if (closed.length > 0 || active) return;
    // An empty one in its place keeps the number: cursors must never mean another line after a restart.
    active = { number: nextNumber++, index: emptyIndex() };
    await appendWhole(pathOf(active.number), '', 0);
  }

  /** Oldest first; of the age only what lies wholly before it. */
  async function removeBeyond({ maxBytes = 0, before }: { maxBytes?: number; before?: string }): Promise<void> {
    if (before !== undefined && active && active.index.lines > 0) {
      const { number, index } = active;
      if ((await lastTimeOf(number, index)) < before) await retire();
    }
    for (const segment of [...closed]) {
      const tooOld = before !== undefined && segment.lastTime < before;
      const tooMuch = maxBytes > 0 && bytes() > maxBytes;
      if (!tooOld && !tooMuch) break;
      await removeSegment(segment);
    }
  }

  /** Segments, oldest first. */
  function segments(): Segment[] {
    const all: Segment[] = closed.map((one) => ({ ...one, index: () => loadIndex(one.path, one.bytes) }));
    if (active) {
      const { number, index } = active;
      all.push({ ...describe(number, index), index: async () => index });
    }
    return all;
  }

  return {
    append,
    segments,
    /** Resolves at the next change after this call. */
    changed: () => change.promise,
    isEnded: () => ended,

    /** Another process may have written the folder: it is read anew before anything is asked of it. */
    expire: () => {
      expired = true;
    },
    /** Resolves once what is known is what is there; whoever follows goes on. */
    current: async () => {
      if (!expired) return;
      await inTurn(async () => {
        if (!expired || ended) return;
        expired = false;
        await load().catch((error: unknown) => {
          expired = true;
          throw error;
        });
      });
    },

    bytes,
    /** Time of the oldest part's last line, for who looks for the oldest of all; undefined where only the growing part is left. */
    oldest: () => closed[0]?.lastTime,

    prune(now: Date): Promise<void> {
      const { maxAgeMs = 0, maxBytes = 0 } = limits();
      const before = maxAgeMs > 0 ? new Date(now.getTime() - maxAgeMs).toISOString() : undefined;
      return inTurn(() => removeBeyond({ maxBytes, ...(before === undefined ? {} : { before }) }));
    },
    /** Gives up the oldest closed part, where there is one. */
    removeOldest: () =>
      inTurn(async () => {
        const [oldest] = closed;
        if (oldest) await removeSegment(oldest);
        return oldest !== undefined;
      }),

    /** Deletes the folder. */
    remove(): Promise<void> {
      return inTurn(async () => {
        ended = true;
        await rm(folder, { recursive: true, force: true });
        closed.length = 0;
        active = undefined;
        announce();
      });
    },

    close(): Promise<void> {
      return inTurn(async () => {
        ended = true;
        announce();
      });
    },
  };
}
export type AgentLog = Awaited<ReturnType<typeof openAgentLog>>;

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Activation, SessionEndReason, UsedUp } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { InstanceLabels } from '../drivers/driver.js';
import { makeFolder, readIfThere, removeFile, replaceFile } from '../files.js';
import { createWriteQueue } from '../write-queue.js';
import type { Moment } from './moment.js';

/** A session that an instance holds. */
export interface HeldSession {
  sessionId: string;
  epoch: number;
  entry: 'bot' | 'socket';
  /** When it was accepted; its cap and its connect timeout count from here. */
  started: Moment;
  maxSessionSeconds: number;
  connectTimeoutSeconds: number;
  reuse?: Activation['reuse'];
  /** End of the instance's output when it was accepted. */
  logStart: number;
  /** `sent`: the instance may have seen `/bot` or `/ws`. Before that nothing of the session can run in it. */
  phase: 'accepted' | 'sent';
  /** A stop was asked for and is carried on after a restart. */
  stopping?: boolean;
}

/** An ended session whose bot is not known to have finished. */
export interface SettlingSession {
  sessionId: string;
  logStart: number;
  /** The instance is killed when so much time has passed since the session's end. */
  ended: Moment;
  graceMs: number;
}

export interface SessionEnd {
  sessionId: string;
  epoch: number;
  reason: SessionEndReason;
  status?: number;
  /** How its instance ended, where that ended it; free of secrets. */
  detail?: string;
  /** The bot is not known to have finished. */
  unfinished?: true;
  at: string;
}

/** Lines with `from < position <= to` belong to the session; without `to` it goes on. */
export interface LogInterval {
  sessionId: string;
  from: number;
  to?: number;
}

/** How an instance ended, and the session that ended with it; free of secrets. */
export interface LastWords {
  text: string;
  sessionId?: string;
}

/** What the worker must know of an instance after its own end. No environment, no body, no token. */
export interface InstanceRecord {
  labels: InstanceLabels;
  /** Highest epoch accepted, 0 before the first. */
  epoch: number;
  /** The activation of that epoch, if it was accepted: the same one again is answered alike. */
  accepted?: { sessionId: string; epoch: number };
  session?: HeldSession;
  /** Sessions that were accepted. */
  served?: number;
  /** It takes no other session. */
  usedUp?: UsedUp;
  settling?: SettlingSession;
  /** Ends that the control plane has not acknowledged. */
  ends: SessionEnd[];
  intervals: LogInterval[];
  /** From `ensure` to ready. */
  startedMs?: number;
  failure?: { code: string; message: string };
  /** For its log, where it ended by itself; null: its log says nothing of its end, as of one that is ended from here. */
  lastWords?: LastWords | null;
  /** Of the secrets that it was started with. */
  secretsVersion?: string;
}

export type Records = Awaited<ReturnType<typeof openRecords>>;

/** One file per instance in `sessions/` of the worker's folder. */
export async function openRecords(workerDir: string, log: Logger) {
  const folder = await makeFolder(join(workerDir, 'sessions'));
  const writes = createWriteQueue();
  const pathOf = (instanceId: string) => join(folder, `${instanceId}.json`);
  const removed = new WeakSet<InstanceRecord>();

  return {
    /** Every record. Of an unreadable one only the instance is told: nobody knows which epochs it has seen. */
    async load(): Promise<{ records: InstanceRecord[]; unreadable: Set<string> }> {
      const records: InstanceRecord[] = [];
      const unreadable = new Set<string>();
      for (const name of await readdir(folder)) {
        // A worker that was killed while it wrote left it.
        if (name.endsWith('.tmp')) await removeFile(join(folder, name));
        if (!name.endsWith('.json')) continue;
        try {
          records.push(fromDisk(JSON.parse((await readIfThere(join(folder, name))) ?? '') as WrittenRecord));
        } catch (err) {
          log.error({ err, file: join(folder, name) }, 'a session file cannot be read; its instance is given up');
          unreadable.add(name.slice(0, -'.json'.length));
        }
      }
      return { records, unreadable };
    },
    /** Writes the record as it is when its turn comes: always the newest state, in the order of the calls. Of a removed one nothing. */
    save(record: InstanceRecord, { durable = false } = {}): Promise<void> {
      const { instanceId } = record.labels;
      return writes.inTurn(instanceId, async () => {
        if (!removed.has(record)) await replaceFile(pathOf(instanceId), JSON.stringify(record), { durable });
      });
    },
    /** For good: what ends late, such as a try to reach the instance, must not bring it back. */
    remove(record: InstanceRecord): Promise<void> {
      const { instanceId } = record.labels;
      removed.add(record);
      return writes.inTurn(instanceId, () => removeFile(pathOf(instanceId)));
    },
    idle: writes.idle,
  };
}

/** As earlier versions wrote it: moments by the wall clock alone. */
type WrittenRecord = InstanceRecord & {
  session?: HeldSession & { startedAt?: string };
  settling?: SettlingSession & { until?: string };
};

function fromDisk(record: WrittenRecord): InstanceRecord {
  const { session, settling } = record;
  if (session?.startedAt !== undefined) session.started ??= { at: session.startedAt };
  if (settling?.until !== undefined) {
    settling.ended ??= { at: settling.until };
    settling.graceMs ??= 0;
  }
  return record;
}

/** Of an instance that has seen no session. */
export function emptyRecord(labels: InstanceLabels): InstanceRecord {
  return { labels, epoch: 0, ends: [], intervals: [] };
}

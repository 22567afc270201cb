import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { makeFolder, readIfThere, removeFile, replaceFile } from '../files.js';
import { createWriteQueue } from '../write-queue.js';

export type BuildOutcome = Omit<Extract<Report, { type: 'build-finished' }>, 'type' | 'buildId'>;

/** What is kept of a build until it is forgotten. */
export interface BuildRecord {
  buildId: string;
  /** How often it was begun: each attempt numbers its lines above those before. */
  attempts: number;
  /** Of those, the ones since the last that came to an end of its own. */
  openAttempts?: number;
  outcome?: BuildOutcome;
  acknowledged?: boolean;
}

/** A build that was begun this often and never came to an end most likely takes the worker down with it. */
export const mostAttempts = 5;

export const isGivenUp = ({ openAttempts = 0 }: BuildRecord): boolean => openAttempts > mostAttempts;

export type BuildResults = Awaited<ReturnType<typeof openBuildResults>>;

/** Outcomes of builds, one file each in `build-results/` of the worker's folder. */
export async function openBuildResults(workerDir: string, log: Logger) {
  const folder = await makeFolder(join(workerDir, 'build-results'));
  const pathOf = (buildId: string) => join(folder, `${buildId}.json`);
  const records = new Map<string, BuildRecord>();
  const writes = createWriteQueue();

  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue;
    try {
      const record = JSON.parse((await readIfThere(join(folder, name))) ?? '') as BuildRecord;
      records.set(record.buildId, record);
    } catch (err) {
      log.error({ err, file: join(folder, name) }, 'a build result cannot be read; the build runs again when ordered');
    }
  }

  function save(record: BuildRecord): Promise<void> {
    const durable = record.outcome !== undefined;
    return writes.inTurn(record.buildId, () =>
      replaceFile(pathOf(record.buildId), JSON.stringify(record), { durable }),
    );
  }

  return {
    get: (buildId: string): BuildRecord | undefined => records.get(buildId),
    ids: (): string[] => [...records.keys()],
    unacknowledged: (): BuildRecord[] =>
      [...records.values()].filter(({ outcome, acknowledged }) => outcome !== undefined && !acknowledged),
    /** Notes that the build begins, once more perhaps. What could not be noted does not count as begun. */
    async begin(buildId: string): Promise<BuildRecord> {
      const { attempts = 0, openAttempts = 0 } = records.get(buildId) ?? {};
      const record: BuildRecord = { buildId, attempts: attempts + 1, openAttempts: openAttempts + 1 };
      await save(record);
      records.set(buildId, record);
      return record;
    },
    /** Rejects where it can't be written; until the worker ends it is known all the same. */
    async finish(record: BuildRecord, outcome: BuildOutcome): Promise<void> {
      record.outcome = outcome;
      if (!isGivenUp(record)) record.openAttempts = 0;
      await save(record);
    },
    /** Its outcome holds no more, and the build may begin again; how often it was begun counts on. Written when it begins. */
    reopen(buildId: string): void {
      const record = records.get(buildId);
      if (!record?.outcome) return;
      const { attempts, openAttempts = 0 } = record;
      records.set(buildId, { buildId, attempts, openAttempts });
    },
    async acknowledge(record: BuildRecord): Promise<void> {
      record.acknowledged = true;
      if (records.get(record.buildId) === record) await save(record);
    },
    async forget(buildId: string): Promise<void> {
      records.delete(buildId);
      await writes.inTurn(buildId, () => removeFile(pathOf(buildId)));
    },
    idle: writes.idle,
  };
}

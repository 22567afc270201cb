import type { ResourceMetrics } from '@pipecat-cloud/contract/sessions';
import type { UsageSample } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { oneAtATime } from '../one-at-a-time.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import { isUuid } from '../uuid.js';
import { metricsOf } from './usage-metrics.js';
import type { SampleOfSession } from './usage-repository.js';

interface UsageDeps {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
}

const writeMs = 2000;
/** Where the database takes none for long, the oldest go. */
const waitingLimit = 50_000;
/** Samples that were under way when a session ended have come by then. */
const settledMs = 60_000;
const atOnce = 50;

/**
 * CPU and memory of sessions. Samples are written every two seconds, all together: a thousand sessions cost as many writes as one. Some
 * time after a session's end they become one row with percentiles and a series of bounded length.
 */
export function createSessionUsage({ store, clock, log }: UsageDeps) {
  let waiting: SampleOfSession[] = [];

  const write = oneAtATime(async (): Promise<void> => {
    if (waiting.length === 0) return;
    const samples = waiting;
    waiting = [];
    try {
      await store.usage.add(samples);
    } catch (error) {
      waiting = [...samples, ...waiting].slice(-waitingLimit);
      throw error;
    }
  });

  async function summarise(): Promise<number> {
    const ids = await store.usage.endedWithSamples(new Date(clock.now().getTime() - settledMs), atOnce);
    for (const id of ids) {
      await store.transaction(async (repos) => {
        const metrics = metricsOf(id, await repos.usage.samplesOf(id));
        if (metrics) await repos.usage.replaceSamples(id, metrics);
      });
    }
    return ids.length;
  }

  const writing = createPeriodic({
    run: write,
    intervalMs: writeMs,
    onError: (err) => log.warn({ err }, 'CPU and memory of sessions could not be written; trying again'),
  });
  const summarising = createPeriodic({
    run: async () => {
      while ((await summarise()) === atOnce);
    },
    intervalMs: settledMs,
    onError: (err) => log.warn({ err }, 'CPU and memory of ended sessions could not be summarised; trying again'),
  });

  return {
    /** Written a moment later; lost when this process ends before. */
    add(sessionId: string, samples: readonly UsageSample[]): void {
      if (!isUuid(sessionId)) return;
      for (const { t, c, m } of samples) {
        if ([t, c, m].every((value) => Number.isSafeInteger(value) && value >= 0)) waiting.push({ sessionId, t, c, m });
      }
      if (waiting.length > waitingLimit) waiting = waiting.slice(-waitingLimit);
    },

    /** Of what is known at this moment. Null before the first sample. */
    async metricsOf(sessionId: string): Promise<ResourceMetrics | null> {
      await write();
      const kept = await store.usage.metricsOf(sessionId);
      return kept ?? metricsOf(sessionId, await store.usage.samplesOf(sessionId)) ?? null;
    },

    /** How many sessions it was for, at most so many as are taken at once. */
    summarise,
    write,
    start(): void {
      writing.start();
      summarising.start();
    },
    async close(): Promise<void> {
      await summarising.close();
      await writing.close();
      await write().catch((err) => log.warn({ err }, 'the last samples of sessions are lost'));
    },
  };
}
export type SessionUsage = ReturnType<typeof createSessionUsage>;

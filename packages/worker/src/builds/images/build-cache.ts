import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';

export interface BuildCacheOptions {
  engine: Pick<Engine, 'request'>;
  /** 0 leaves the cache alone. */
  limitBytes: number;
  log: Pick<Logger, 'warn'>;
  settleMs?: number;
}

export type BuildCache = ReturnType<typeof createBuildCache>;

const deadlineMs = 300_000;

/** Keeps the engine's build cache within its limit, beside what builds. */
export function createBuildCache({ engine, limitBytes, log, settleMs = 2_000 }: BuildCacheOptions) {
  const closing = new AbortController();
  let wanted = false;
  let cutting: Promise<void> | undefined;

  /** The oldest first; what another build uses stays. */
  async function prune(): Promise<void> {
    try {
      const query = { 'keep-storage': String(limitBytes), all: '1' };
      await engine.request('POST', '/build/prune', { query, deadlineMs, signal: closing.signal });
    } catch (err) {
      // 409: somebody else has it cut down.
      if (!closing.signal.aborted && !isStatus(err, 409))
        log.warn({ err }, "the engine's build cache could not be cut down");
    }
  }

  async function whileWanted(): Promise<void> {
    while (wanted && !closing.signal.aborted) {
      wanted = false;
      await prune();
      // The engine tells of a build's end a moment before it lets go of what that used.
      if (!wanted) await delay(settleMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (!wanted && !closing.signal.aborted) await prune();
    }
    cutting = undefined;
  }

  return {
    /** Has the cache cut down, and again a moment later. */
    cut(): void {
      if (limitBytes === 0) return;
      wanted = true;
      cutting ??= whileWanted();
    },
    /** Waits for nothing of the engine's. */
    async close(): Promise<void> {
      closing.abort();
      await cutting;
    },
  };
}

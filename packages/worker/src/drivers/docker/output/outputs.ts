import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Engine } from '../../../engine/engine.js';
import { isStatus } from '../../../engine/engine-error.js';
import { makeFolder } from '../../../files.js';
import type { DriverLogLine } from '../../driver.js';
import type { InspectedContainer } from '../engine-types.js';
import { collect, lastStamp } from './collect.js';
import { openSpool, type Spool } from './spool.js';
import { isBefore } from './stamps.js';

export type Outputs = ReturnType<typeof createOutputs>;

export interface OutputsDeps {
  engine: Engine;
  /** Folder with one of each instance. */
  folder: string;
  limitBytes: number;
  /** An engine that sends nothing of an instance for so long is asked whether it has more. */
  quietMs: number;
  log: Logger;
}

interface Output {
  containerId: string;
  spool: Spool;
  abort: AbortController;
  /** The container has ended and all that the engine had of it is in the spool. */
  ended: boolean;
  done: Promise<void>;
}

const retryMs = 500;
/** How long the end of the output may be looked for in the engine, and then be waited for. */
const endLookMs = 500;

/**
 * The output of all instances, copied from the engine into files of the worker: those can be read from any position, and a
 * secret in them can be starred out, which the engine's own log does not allow.
 */
export function createOutputs({ engine, folder, limitBytes, quietMs, log }: OutputsDeps) {
  const outputs = new Map<string, Promise<Output>>();
  const pathOf = (instanceId: string) => join(folder, instanceId);

  async function open(instanceId: string, containerId: string): Promise<Output> {
    const spool = await openSpool(pathOf(instanceId), limitBytes);
    const output: Output = { containerId, spool, abort: new AbortController(), ended: false, done: Promise.resolve() };
    output.done = run(instanceId, output);
    return output;
  }

  async function isRunning(containerId: string): Promise<boolean> {
    try {
      return (await engine.request<InspectedContainer>('GET', `/containers/${containerId}/json`)).State.Running;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  async function run(instanceId: string, output: Output): Promise<void> {
    const { containerId, spool, abort } = output;
    let failing = false;
    while (!abort.signal.aborted) {
      try {
        // Asked before: what was written until the end is then read in this round.
        const running = await isRunning(containerId);
        const outcome = await collect(engine, containerId, spool, { quietMs, signal: abort.signal });
        failing = false;
        if (outcome === 'stalled')
          log.warn({ instanceId }, 'the engine stopped sending the output of an instance; it is asked anew');
        else if (!running) break;
        continue;
      } catch (err) {
        if (abort.signal.aborted) return;
        if (!failing)
          log.warn({ err, instanceId }, 'the output of an instance can not be followed; trying until it can');
        failing = true;
      }
      await delay(retryMs, undefined, { signal: abort.signal }).catch(() => undefined);
    }
    if (abort.signal.aborted) return;
    output.ended = true;
    spool.wake();
  }

  /** Waits, within bounds, until the spool has what the engine has now. */
  async function catchUp({ spool, containerId, ended }: Output): Promise<void> {
    if (ended) return;
    const last = await lastStamp(engine, containerId, endLookMs).catch(() => undefined);
    if (last === undefined) return;
    const until = performance.now() + endLookMs;
    const behind = (taken = spool.taken()) => !taken || isBefore(taken.time, last);
    while (behind() && performance.now() < until) await delay(2);
  }

  return {
    /** Begins to copy the output of a container, or goes on where an earlier worker left off. */
    async begin(instanceId: string, containerId: string): Promise<void> {
      if (!outputs.has(instanceId)) outputs.set(instanceId, open(instanceId, containerId));
      await outputs.get(instanceId);
    },
    async end(instanceId: string): Promise<number> {
      const output = await outputs.get(instanceId);
      if (!output) return 0;
      await catchUp(output);
      return output.spool.end();
    },
    async *read(instanceId: string, position: number, signal: AbortSignal): AsyncGenerator<DriverLogLine> {
      const output = await outputs.get(instanceId);
      if (output) yield* output.spool.read(position, () => output.ended, signal);
    },
    async mask(
      instanceId: string,
      range: { from: number; to: number },
      mask: (bytes: Buffer) => Buffer | undefined,
    ): Promise<void> {
      await (await outputs.get(instanceId))?.spool.mask(range, mask);
    },
    async forget(instanceId: string): Promise<void> {
      const output = await outputs.get(instanceId);
      outputs.delete(instanceId);
      if (output) await close(output);
      await rm(pathOf(instanceId), { recursive: true, force: true });
    },
    /** Removes the files of instances that are no more. */
    async keep(instanceIds: ReadonlySet<string>): Promise<void> {
      for (const name of await readdir(await makeFolder(folder))) {
        if (!instanceIds.has(name)) await rm(pathOf(name), { recursive: true, force: true });
      }
    },
    async close(): Promise<void> {
      const open = await Promise.all(outputs.values());
      outputs.clear();
      await Promise.all(open.map(close));
    },
  };
}

async function close({ abort, done, spool }: Output): Promise<void> {
  abort.abort();
  await done;
  // Readers see the end.
  spool.wake();
  await spool.close();
}

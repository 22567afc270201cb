import { randomUUID } from 'node:crypto';
import type { FaultKind } from '../checker/event.js';
import type { Random } from '../random.js';
import { now, until } from '../world/wait.js';
import type { World } from '../world/world.js';

/** One thing that goes wrong, from its beginning until everything that it stopped runs again. */
export interface Fault {
  name: string;
  weight: number;
  /** Undefined: it can be done here. Otherwise why not. */
  missing?: (world: World) => string | undefined;
  /** What it works with: two faults that share it would undo each other. */
  place?: string;
  make(world: World, random: Random, signal: AbortSignal): Promise<void>;
}

/** Records a fault for as long as `work` takes, or from before, where it had begun when that was seen. */
export async function during<T>(
  world: World,
  kinds: readonly FaultKind[],
  work: () => Promise<T>,
  { instance, from = now() }: { instance?: string; from?: number } = {},
): Promise<T> {
  const faults = kinds.map((kind) => ({ kind, fault: randomUUID() }));
  for (const { kind, fault } of faults)
    world.recorder.take({ at: from, type: 'fault', fault, kind, ...(instance === undefined ? {} : { instance }) });
  try {
    return await work();
  } finally {
    for (const { fault } of faults) world.recorder.record({ type: 'fault-over', fault });
  }
}

/** Resolves once both processes run and the API answers. */
export async function recovered(world: World): Promise<void> {
  await until('control plane and worker run again', world.areReady, 60_000);
  await until('the API answers again', world.isServed, 60_000);
}

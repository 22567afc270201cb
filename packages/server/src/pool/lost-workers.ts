import { sessionDuration } from '@pipecat-cloud/contract/agent-limits';
import type { Slot } from '../slots/slot-repository.js';
import type { WorkerChannel } from '../workers/worker-channel.js';

/** Counts by a clock that stands while this process does, and that begins anew with it. */
export type Absences = Pick<WorkerChannel, 'awayMs'>;

/** Without its worker for so long, an instance is not counted on any more. A worker that restarts is away for a few seconds. */
const lostMs = 60_000;
/** A session of a worker that is away is over once its cap and this have passed. */
const capGraceMs = 60_000;

/** Whether the slot's instance is on a machine that is not here, and fills none that is. */
export const isLost = (workers: Absences, { workerId }: Pick<Slot, 'workerId'>): boolean =>
  workerId !== null && workers.awayMs(workerId) > lostMs;

/**
 * Whether a session with this cap, begun at the worker before it went away, must be over: the worker ends it there, reachable or not.
 * `seenMs` is for how long it was seen to go on.
 */
export const isPastCap = (workers: Absences, workerId: string, capSeconds: number, seenMs = 0): boolean =>
  Math.max(seenMs, workers.awayMs(workerId)) > capSeconds * 1000 + capGraceMs;

/** Whether nothing that ran in the slot's instance can go on. Should its machine come back, what is left of it belongs to no slot and is removed. */
export const isOver = (workers: Absences, { workerId }: Pick<Slot, 'workerId'>): boolean =>
  workerId !== null && isPastCap(workers, workerId, sessionDuration.maximum);

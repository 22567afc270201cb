import { sessionDuration } from '@pipecat-cloud/contract/agent-limits';
import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { SessionEnds } from '../sessions/session-ends.js';
import type { Session } from '../sessions/session-repository.js';
import type { Clock } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { Facts } from './facts.js';
import { isLost, isPastCap } from './lost-workers.js';
import type { Observed } from './pass.js';

export interface SessionWatchDeps {
  clock: Clock;
  log: Logger;
  workers: Pick<WorkerChannel, 'awayMs' | 'isEnding' | 'runningMs'>;
  ends: SessionEnds;
  isStarting: (sessionId: string) => boolean;
  /** No other control plane can be on this database. */
  isAlone?: boolean;
}

/** A report of the end comes before the worker forgets the instance; silence for so long means that it was lost. */
const lostAfterMs = 10_000;
/**
 * A start that nobody of this process waits for may be another control plane's, which has lost the lease and goes on until it knows
 * whether it has it back: it looks after a second, for three at the most.
 */
const abandonedAfterMs = 5_000;

/** For how long something has been so of each session, as far as was looked. */
function createDurations(runningMs: () => number) {
  const since = new Map<string, number>();
  return {
    ms(sessionId: string, isSo: boolean): number {
      if (!isSo) since.delete(sessionId);
      else if (!since.has(sessionId)) since.set(sessionId, runningMs());
      return isSo ? runningMs() - (since.get(sessionId) ?? 0) : 0;
    },
    keepOnly(open: ReadonlySet<string>): void {
      for (const id of since.keys()) if (!open.has(id)) since.delete(id);
    },
  };
}

/**
 * Ends sessions that nobody waits for any more, those whose instance their worker does not know, and those that must have reached
 * their cap at a worker that has not come back. Counts by a clock that nobody sets, and that stands while this process does.
 */
export function createSessionWatch({ clock, log, workers, ends, isStarting, isAlone = false }: SessionWatchDeps) {
  /** For how long nobody of this process has waited for its start. */
  const left = createDurations(workers.runningMs);
  /** For how long it has gone on, as far as this process has seen it. */
  const active = createDurations(workers.runningMs);
  /** For how long its instance has been missing where its worker is here. */
  const missing = createDurations(workers.runningMs);

  async function end(
    { id: sessionId, epoch }: Session,
    reason: 'start_abandoned' | 'instance_lost',
    slot: 'retiring' | 'quarantined',
    at = clock.now(),
  ): Promise<void> {
    // The pass read it a moment ago: a start that has come through since then must not be undone.
    const from = reason === 'start_abandoned' ? 'starting' : 'active';
    const ended = await ends.end({ sessionId, epoch, reason, at: at.toISOString(), slot, from });
    if (ended) log.warn({ sessionId, reason }, 'session ended by the reconciler');
  }

  return async ({ sessions, slots, deployments }: Facts, observed: Observed): Promise<void> => {
    const open = new Set(sessions.map(({ id }) => id));
    const slotOf = new Map(slots.map((slot) => [slot.sessionId, slot]));
    for (const durations of [left, active, missing]) durations.keepOnly(open);
    for (const session of sessions) {
      const isLeft = session.state === 'starting' && !isStarting(session.id);
      if (left.ms(session.id, isLeft) >= abandonedAfterMs || (isLeft && isAlone))
        await end(session, 'start_abandoned', 'retiring');
      const activeMs = active.ms(session.id, session.state === 'active');
      if (session.state === 'starting') continue;
      const workerId = slotOf.get(session.id)?.workerId;
      const instances = workerId ? observed.get(workerId) : undefined;
      const seen = session.instanceId ? instances?.get(session.instanceId) : undefined;
      // How it ended is known where a full disk keeps that from being recorded: to say that it was lost would be wrong.
      const isReported = workerId ? workers.isEnding(workerId, session.id) : false;
      const isMissing = instances !== undefined && !isHeld(session, seen) && !isReported;
      if (missing.ms(session.id, isMissing) >= lostAfterMs) await end(session, 'instance_lost', 'retiring');
      if (!workerId || instances) continue;
      const deployment = deployments.get(session.deploymentId);
      const capSeconds = deployment
        ? (deployment.maxSessionSeconds ?? sessionDuration.default)
        : sessionDuration.maximum;
      // By when it began, a clock that was set would end what goes on.
      if (!isLost(workers, { workerId }) || !isPastCap(workers, workerId, capSeconds, activeMs)) continue;
      await end(session, 'instance_lost', 'quarantined', atCap(session, capSeconds));
    }
  };
}

/** Its worker ended it then at the latest. */
function atCap({ activatedAt }: Session, capSeconds: number): Date | undefined {
  return activatedAt === null ? undefined : new Date(Date.parse(activatedAt) + capSeconds * 1000);
}

/**
 * Whether an instance may still hold a session. One that has accepted its epoch and holds another session, or none, has put it down:
 * usually the report of that is on its way, but a database from a backup may have forgotten that it came.
 */
export function isHeld({ id, epoch }: Pick<Session, 'id' | 'epoch'>, seen: ObservedInstance | undefined): boolean {
  if (!seen || seen.state === 'exited' || seen.state === 'failed') return false;
  return seen.sessionId === id || seen.epoch < epoch;
}

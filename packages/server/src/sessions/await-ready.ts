import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Agent } from '../agents/agent-repository.js';
import { AppError, notReady } from '../errors.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { Place } from '../workers/worker-directory.js';

/** A worker that restarts is back by then; without one for longer, nobody waits. */
export const workerGraceMs = 12_000;

export class StartTimedOut extends AppError {
  constructor(agentName: string) {
    super(503, '503', `Agent '${agentName}' did not become ready in time; see its logs`);
  }
}

/** A container engine that is restarted is back by then; of one that does not answer for longer, callers are told. */
const engineGraceMs = 12_000;

/** What would make the instance is away, for longer than a restart takes. */
export class EngineAway extends AppError {
  constructor(agentName: string, delayed: string) {
    const text = `Agent '${agentName}' has no warm instance, and none can be made at this moment: ${delayed.replace(/\.$/, '')}. The session was not started. Try again in a moment; if it stays so, whoever runs the worker has to look at its engine`;
    super(503, '503', text, { details: { reason: 'PCC-ENGINE-AWAY' }, headers: { 'retry-after': '10' } });
  }
}

/** The instance that was made for the session never became ready. */
export class StartFailed extends AppError {
  readonly reason: { code: string; message: string };
  constructor(agentName: string, { error }: ObservedInstance) {
    const reason = error ?? { code: 'PCC_UNKNOWN_ERROR', message: 'its process ended' };
    super(500, '500', `Agent '${agentName}' failed to start: ${reason.message}`);
    this.reason = reason;
  }
}

/** No worker that may run the agent is there, so waiting would be in vain. */
export class NoWorker extends AppError {
  constructor(agentName: string) {
    const text = `No worker that can run agent '${agentName}' is connected to this control plane, so no session can begin. Start a worker, or see why it is away: its log names this control plane`;
    super(503, '503', text, { details: { reason: 'PCC-NO-WORKER' }, headers: { 'retry-after': '10' } });
  }
}

interface Awaited {
  agent: Agent;
  instanceId: string;
  sessionId: string;
  /** Of the claim. */
  epoch: number;
  place: Place;
  deadline: AbortSignal;
}

/**
 * Resolves with the instance's worker once it is ready, or holds this very session: after a lost answer it may. Also where it has seen
 * the claim's epoch with another one, which a database from a backup has forgotten: its worker says no at once. Throws when it failed,
 * when the deadline has passed, or when there is no worker, or no engine of its worker, to make it.
 */
export async function awaitReady(workers: WorkerChannel, awaited: Awaited): Promise<string> {
  const { agent, instanceId, sessionId, epoch, place, deadline } = awaited;
  let delayedAt: number | undefined;
  const look = (): string | Error | undefined => {
    const found = workers.locate(agent.organizationId, instanceId);
    if (found?.instance.state === 'ready' || found?.instance.sessionId === sessionId) return found.workerId;
    if (found && failed(found.instance)) return new StartFailed(agent.name, found.instance);
    if (found && found.instance.epoch >= epoch) return found.workerId;
    const delayed = found?.instance.delayed;
    delayedAt = delayed === undefined ? undefined : (delayedAt ?? workers.runningMs());
    if (delayed !== undefined && delayedAt !== undefined && workers.runningMs() - delayedAt > engineGraceMs)
      return new EngineAway(agent.name, delayed);
    return !found && workers.placeAwayMs(place) > workerGraceMs ? new NoWorker(agent.name) : undefined;
  };
  const now = look();
  if (now instanceof Error) throw now;
  if (now !== undefined) return now;
  return await new Promise((resolve, reject) => {
    const finish = (result: string | Error) => {
      unsubscribe();
      clearInterval(looking);
      deadline.removeEventListener('abort', expire);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const check = () => {
      const result = look();
      if (result !== undefined) finish(result);
    };
    const expire = () => finish(new StartTimedOut(agent.name));
    const unsubscribe = workers.subscribe(check);
    // Absence makes no noise.
    const looking = setInterval(check, 1_000);
    deadline.addEventListener('abort', expire, { once: true });
    // One that has passed already tells nobody.
    if (deadline.aborted) expire();
  });
}

const failed = ({ state }: ObservedInstance) => state === 'failed' || state === 'exited';

/** Throws where a start is refused before anything is claimed. */
export function refuseWithoutWorker(workers: WorkerChannel, agent: Agent): void {
  if (!agent.liveDeploymentId) throw notReady(agent.name);
  if (workers.here().length === 0 && workers.nobodyMs() > workerGraceMs) throw new NoWorker(agent.name);
}

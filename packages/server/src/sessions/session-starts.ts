import { sessionDuration } from '@pipecat-cloud/contract/deployments';
import type { StartBody } from '@pipecat-cloud/contract/sessions';
import type { Activation, ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Actor } from '../access/principal.js';
import type { Agent } from '../agents/agent-repository.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, atCapacity, conflict, notReady, unavailable } from '../errors.js';
import { startTimeoutSeconds } from '../pool/instance-spec.js';
import type { Claim } from '../slots/slot-repository.js';
import type { SpendService } from '../spend/spend-service.js';
import type { Clock, Ids } from '../system.js';
import { CommandRefused, type WorkerChannel, WorkerUnreachable } from '../workers/worker-channel.js';
import type { SessionEnds } from './session-ends.js';
import type { SessionTraces, StartTrace } from './session-traces.js';

export interface SessionStartDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  audit: Audit;
  workers: WorkerChannel;
  ends: SessionEnds;
  spend: Pick<SpendService, 'check'>;
  nudge: () => void;
  traces: Pick<SessionTraces, 'begin'>;
}
export interface StartOrder {
  sessionId: string;
  entry: 'bot' | 'socket';
  transport?: StartBody['transport'] | undefined;
  body: unknown;
  actor: Actor;
}
/** Who notes where the time of this start goes. */
type TracedOrder = StartOrder & { trace: StartTrace };
/** When it was taken is when its session was created. */
type TimedClaim = Claim & { at: Date };

/** A session that its instance has accepted. */
export interface HeldSession {
  sessionId: string;
  instanceId: string;
  workerId: string;
  epoch: number;
}

/** How long a caller waits for an instance to be made, become ready and accept. */
const startDeadlineMs = (startTimeoutSeconds + 30) * 1000;
const connectTimeoutSeconds = 30;

/** Claims an instance for a session and has it activated: the one way by which a session begins. */
export function createSessionStarts({
  store,
  clock,
  ids,
  log,
  audit,
  workers,
  ends,
  spend,
  nudge,
  traces,
}: SessionStartDeps) {
  const starting = new Set<string>();

  /** One transaction: the slot, its next epoch, the session's row and the audit record. */
  async function claim(agent: Agent, order: TracedOrder): Promise<TimedClaim> {
    const { liveDeploymentId } = agent;
    if (!liveDeploymentId) throw notReady(agent.name);
    order.trace.claiming();
    return await store.transaction(async (repos) => {
      const now = clock.now();
      const claimed = await repos.slots.claim({ id: agent.id, liveDeploymentId }, order.sessionId, ids.id(), now);
      if (!claimed) throw atCapacity(agent.name, agent.maxAgents);
      if (await repos.sessions.exists(order.sessionId)) throw conflict(`Session ${order.sessionId} exists already`);
      await repos.sessions.insert({
        id: order.sessionId,
        organizationId: agent.organizationId,
        agentId: agent.id,
        deploymentId: claimed.deploymentId,
        slotId: claimed.slotId,
        instanceId: claimed.instanceId,
        epoch: claimed.epoch,
        state: 'starting',
        entry: order.entry,
        coldStart: !claimed.warm,
        createdAt: now.toISOString(),
        activatedAt: null,
        endedAt: null,
        endReason: null,
        completionStatus: null,
        updatedAt: now.toISOString(),
      });
      await audit.record(repos, order.actor, {
        action: 'session.started',
        organizationId: agent.organizationId,
        target: order.sessionId,
        detail: { agent: agent.name, instanceId: claimed.instanceId, epoch: claimed.epoch },
      });
      return { ...claimed, at: now };
    });
  }

  /**
   * Resolves with the instance's worker once it is ready, or holds this very session: after a lost answer it may. Throws when it
   * failed or the deadline has passed.
   */
  function waitUntilReady(agent: Agent, claimed: Claim, sessionId: string, deadline: AbortSignal): Promise<string> {
    const look = (): string | Error | undefined => {
      const found = workers.locate(agent.organizationId, claimed.instanceId);
      if (found?.instance.state === 'ready' || found?.instance.sessionId === sessionId) return found.workerId;
      return found && failed(found.instance) ? startFailed(agent.name, found.instance) : undefined;
    };
    return new Promise((resolve, reject) => {
      const finish = (result: string | Error) => {
        unsubscribe();
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
      deadline.addEventListener('abort', expire, { once: true });
      check();
    });
  }

  /**
   * An answer that was lost is asked for again: the worker knows the epoch that it holds, and says yes to the same session a
   * second time. No other slot is taken meanwhile.
   */
  async function activate(
    agent: Agent,
    claimed: Claim,
    activation: Activation,
    deadline: AbortSignal,
  ): Promise<string> {
    for (;;) {
      const workerId = await waitUntilReady(agent, claimed, activation.sessionId, deadline);
      try {
        await workers.command(workerId, { do: 'activate', activation });
        return workerId;
      } catch (error) {
        if (!(error instanceof WorkerUnreachable) || deadline.aborted) throw error;
        log.warn({ sessionId: activation.sessionId, instanceId: claimed.instanceId }, 'activation is being resolved');
      }
    }
  }

  async function run(agent: Agent, claimed: TimedClaim, order: TracedOrder): Promise<HeldSession> {
    const deployment = await store.deployments.find(agent.organizationId, claimed.deploymentId);
    const activation: Activation = {
      instanceId: claimed.instanceId,
      epoch: claimed.epoch,
      sessionId: order.sessionId,
      entry: order.entry,
      ...(order.transport ? { transport: order.transport } : {}),
      body: order.body,
      maxSessionSeconds: deployment?.maxSessionSeconds ?? sessionDuration.default,
      connectTimeoutSeconds,
    };
    const workerId = await activate(agent, claimed, activation, AbortSignal.timeout(startDeadlineMs));
    order.trace.accepted(workerId);
    // Not changed when it has ended meanwhile: it was accepted all the same.
    const now = clock.now();
    await store.sessions.activate(order.sessionId, claimed.epoch, now, now.getTime() - claimed.at.getTime());
    return { sessionId: order.sessionId, instanceId: claimed.instanceId, workerId, epoch: claimed.epoch };
  }

  return {
    /** Whether a caller of this process is waiting for it. */
    isStarting: (sessionId: string) => starting.has(sessionId),

    /** Resolves once the instance itself has accepted the session. On any error the claim is released before it goes out. */
    async start(agent: Agent, order: StartOrder): Promise<HeldSession> {
      await spend.check(agent.organizationId);
      starting.add(order.sessionId);
      try {
        const trace = traces.begin(order.sessionId);
        const claimed = await claim(agent, { ...order, trace });
        trace.claimed(agent, claimed);
        if (!claimed.warm) nudge();
        try {
          return await run(agent, claimed, { ...order, trace });
        } catch (error) {
          trace.failed(error);
          const at = clock.now().toISOString();
          await ends.end({
            sessionId: order.sessionId,
            epoch: claimed.epoch,
            reason: error instanceof StartTimedOut ? 'start_timeout' : 'start_failed',
            at,
            slot: 'retiring',
          });
          nudge();
          throw toAppError(agent.name, error);
        }
      } finally {
        starting.delete(order.sessionId);
      }
    },
  };
}
export type SessionStarts = ReturnType<typeof createSessionStarts>;

class StartTimedOut extends AppError {
  constructor(agentName: string) {
    super(503, '503', `Agent '${agentName}' did not become ready in time; see its logs`);
  }
}

const failed = ({ state }: ObservedInstance) => state === 'failed' || state === 'exited';

function startFailed(name: string, instance: ObservedInstance): AppError {
  const why = instance.error?.message ?? 'its process ended';
  return new AppError(500, '500', `Agent '${name}' failed to start: ${why}`);
}

function toAppError(name: string, error: unknown): unknown {
  if (error instanceof CommandRefused)
    return unavailable(`Agent '${name}' did not accept the session: ${error.message}. Try again`, error);
  if (error instanceof WorkerUnreachable)
    return unavailable(`The worker that runs agent '${name}' cannot be reached. Try again`, error);
  return error;
}

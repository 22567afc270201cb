import { sessionDuration } from '@pipecat-cloud/contract/agent-limits';
import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { StartBody } from '@pipecat-cloud/contract/sessions';
import type { Activation } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Actor } from '../access/principal.js';
import type { Agent } from '../agents/agent-repository.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { claimOrder } from '../deployments/claim-order.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { atCapacity, conflict, notFound, notReady, standby } from '../errors.js';
import type { DemandBook } from '../pool/demand-book.js';
import { startTimeoutSeconds } from '../pool/instance-spec.js';
import type { Claim } from '../slots/slot-repository.js';
import type { SpendService } from '../spend/spend-service.js';
import { type Clock, type Ids, monotonicMs } from '../system.js';
import { CommandRefused, WorkerUnreachable } from '../workers/command-errors.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { WorkerScope } from '../workers/worker-repository.js';
import { awaitReady, refuseWithoutWorker, StartFailed, StartTimedOut } from './await-ready.js';
import { neverBegan } from './end-states.js';
import { GivenUpElsewhere, leftAs, NothingSent, toAppError } from './failed-start.js';
import { createHeldStarts } from './held-starts.js';
import { createPlaceQueue, maxWaiting } from './place-queue.js';
import { createRetryAfter } from './retry-after.js';
import { reuseOf } from './reuse.js';
import type { SessionEnds } from './session-ends.js';
import type { SessionTraces, StartTrace } from './session-traces.js';
import type { TakeKey } from './start-once.js';

export interface SessionStartDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  audit: Audit;
  workers: WorkerChannel;
  ends: SessionEnds;
  spend: Pick<SpendService, 'check'>;
  demand: Pick<DemandBook, 'arrived' | 'started'>;
  scopeOf: (organizationId: string, region: string) => Promise<WorkerScope | undefined>;
  nudge: () => void;
  traces: Pick<SessionTraces, 'begin'>;
}
export interface StartOrder {
  sessionId: string;
  entry: 'bot' | 'socket';
  transport?: StartBody['transport'] | undefined;
  body: unknown;
  actor: Actor;
  /** How long to wait for a place where all are taken; not at all by default. */
  waitSeconds?: number | undefined;
  /** The caller has gone: it waits for no place any more. What has begun goes on. */
  gone?: AbortSignal | undefined;
  /** Stores the idempotency key with the claim. */
  takeKey?: TakeKey | undefined;
  /** Makes the room that the session is held in, once an instance is claimed for it. */
  room?: ((maxSessionSeconds: number) => Promise<NonNullable<Activation['room']>>) | undefined;
}
/** Who notes where the time of this start goes. */
type TracedOrder = StartOrder & { trace: StartTrace };
/** When it was taken, by the clock that nobody sets: from then on the start is measured. */
type TimedClaim = Claim & { atMs: number };

/** A session that its instance has accepted. */
export interface HeldSession {
  sessionId: string;
  instanceId: string;
  workerId: string;
  epoch: number;
}

/** How long a caller waits for an instance to be made, become ready and accept. */
export const startDeadlineMs = (startTimeoutSeconds + 30) * 1000;
const connectTimeoutSeconds = 30;

/** Claims an instance for a session and has it activated: the one way by which a session begins. */
export function createSessionStarts(deps: SessionStartDeps) {
  const { store, clock, ids, log, audit, workers, ends, spend, demand, scopeOf, nudge, traces } = deps;
  const starting = new Set<string>();
  const onceNotHeld = createHeldStarts({ store });
  const queue = createPlaceQueue();
  const retryAfter = createRetryAfter({ store });

  /**
   * One transaction: the slot, its next epoch, the session's row, the idempotency key and the audit record. Undefined when every
   * place is taken.
   */
  async function claim(agent: Agent, order: TracedOrder): Promise<TimedClaim | undefined> {
    const { liveDeploymentId } = agent;
    if (!liveDeploymentId) throw notReady(agent.name);
    const choices = claimOrder({ ...agent, liveDeploymentId }, order.sessionId);
    order.trace.claiming();
    return await store.transaction(async (repos) => {
      const now = clock.now();
      const claimed = await repos.slots.claim(
        {
          agentId: agent.id,
          choices,
          sessionId: order.sessionId,
          newInstanceId: ids.id(),
          maxSessions: agent.reuseMaxSessions,
          workerIds: workers.here(),
        },
        now,
      );
      if (!claimed) return undefined;
      await order.takeKey?.(repos, order.sessionId);
      const isNew = await repos.sessions.insert({
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
      if (!isNew) throw existsAlready(order.sessionId);
      await audit.record(repos, order.actor, {
        action: 'session.started',
        organizationId: agent.organizationId,
        target: order.sessionId,
        detail: { agent: agent.name, instanceId: claimed.instanceId, epoch: claimed.epoch },
      });
      await failpoint('claim.taken');
      return { ...claimed, atMs: monotonicMs() };
    });
  }

  /** For one that has waited: which deployment takes sessions may have changed. */
  async function claimAsNow({ organizationId, name, id }: Agent, order: TracedOrder): Promise<TimedClaim | undefined> {
    if (workers.standsBy()) throw standby();
    const agent = await store.agents.find(organizationId, name);
    if (agent?.id !== id) throw notFound('Agent', name);
    return agent.startsHeld ? undefined : await claim(agent, order);
  }

  /** Waits for a place where the caller wants to; those who came before go first, also before callers who would not wait. */
  async function claimOrWait(agent: Agent, order: TracedOrder): Promise<TimedClaim> {
    const claimed = queue.length(agent.id) > 0 ? undefined : await claim(agent, order);
    if (claimed) return claimed;
    const { waitSeconds = 0, gone } = order;
    const refuse = async (waiting = 0) => atCapacity(agent.name, agent.maxAgents, await retryAfter(agent), waiting);
    if (waitSeconds === 0) throw await refuse();
    if (queue.length(agent.id) >= maxWaiting) throw await refuse(maxWaiting);
    const giveBack = async ({ epoch }: TimedClaim) => {
      const at = clock.now().toISOString();
      await ends.end({ sessionId: order.sessionId, epoch, reason: 'start_abandoned', at, slot: 'retiring' });
      nudge();
    };
    const ms = waitSeconds * 1000;
    const waited = await queue.wait(agent.id, () => claimAsNow(agent, order), { ms, signal: gone, giveBack });
    if (!waited) throw await refuse();
    return waited;
  }

  /**
   * An answer that was lost is asked for again: the worker knows the epoch that it holds, and says yes to the same session a
   * second time. No other slot is taken meanwhile. `told` is set once the instance may know of the session.
   */
  async function activate(
    agent: Agent,
    deployment: Deployment | undefined,
    activation: Activation,
    told: { maybe: boolean },
  ): Promise<string> {
    const { instanceId, sessionId, epoch } = activation;
    const deadline = AbortSignal.timeout(startDeadlineMs);
    const place = {
      scope: await scopeOf(agent.organizationId, agent.region),
      architecture: deployment?.architecture,
    };
    for (;;) {
      const workerId = await awaitReady(workers, { agent, instanceId, sessionId, epoch, place, deadline });
      try {
        await failpoint('activate.ordered');
        told.maybe = true;
        await workers.command(workerId, { do: 'activate', activation });
        await failpoint('activate.answered');
        return workerId;
      } catch (error) {
        if (error instanceof CommandRefused) told.maybe = false;
        if (!(error instanceof WorkerUnreachable) || deadline.aborted) throw error;
        log.warn({ sessionId, instanceId }, 'activation is being resolved');
      }
    }
  }

  async function run(
    agent: Agent,
    claimed: TimedClaim,
    order: TracedOrder,
    told: { maybe: boolean },
  ): Promise<HeldSession> {
    const { sessionId } = order;
    const { epoch, instanceId } = claimed;
    const deployment = await store.deployments.find(agent.organizationId, claimed.deploymentId);
    const maxSessionSeconds = deployment?.maxSessionSeconds ?? sessionDuration.default;
    const room = await order.room?.(maxSessionSeconds).catch((cause: unknown) => {
      throw new NothingSent(cause);
    });
    const activation: Activation = {
      instanceId,
      epoch,
      sessionId,
      entry: order.entry,
      ...(order.transport ? { transport: order.transport } : {}),
      ...(room ? { room } : {}),
      body: order.body,
      maxSessionSeconds,
      connectTimeoutSeconds,
      ...reuseOf(agent, deployment),
    };
    const workerId = await activate(agent, deployment, activation, told);
    order.trace.accepted(workerId);
    if (!claimed.warm) {
      const { startedMs } = workers.locate(agent.organizationId, instanceId)?.instance ?? {};
      // 0 of one that its worker found running.
      if (startedMs) demand.started(agent.id, startedMs);
    }
    const startMs = Math.round(monotonicMs() - claimed.atMs);
    /** What it was found to be where it was not `starting` any more. */
    const activated = async ({ sessions }: Repositories) =>
      (await sessions.activate(sessionId, epoch, clock.now(), startMs))
        ? undefined
        : await sessions.find(agent.organizationId, agent.id, sessionId);
    // In a transaction, so that on SQLite many share a commit.
    const found = await store.transaction(activated, { first: true });
    // One that has ended in another way was accepted all the same.
    if (found && neverBegan(found)) throw new GivenUpElsewhere(agent.name);
    await failpoint('activate.recorded');
    return { sessionId, instanceId, workerId, epoch };
  }

  /** An instance that is made for a session is not the reconciler's to judge, and a canary that cannot start must be given up. */
  async function countAgainstCanary({ organizationId, name }: Agent, claimed: Claim, error: unknown): Promise<void> {
    if (!(error instanceof StartFailed)) return;
    const agent = await store.agents.find(organizationId, name);
    if (agent?.canaryPercent == null || claimed.deploymentId !== agent.desiredDeploymentId) return;
    await store.deployments.addStartFailure(claimed.deploymentId, error.reason, clock.now());
  }

  /** Then its instance has ended because of that, and not because it can't start. */
  async function wasStopped({ organizationId, id }: Agent, sessionId: string): Promise<boolean> {
    return (await store.sessions.find(organizationId, id, sessionId))?.endReason === 'stopped';
  }

  async function begin(wanted: Agent, order: StartOrder): Promise<HeldSession> {
    await spend.check(wanted.organizationId);
    demand.arrived(wanted.id);
    refuseWithoutWorker(workers, wanted);
    const agent = await onceNotHeld(wanted, { ms: startDeadlineMs, signal: order.gone });
    const trace = traces.begin(order.sessionId);
    const claimed = await claimOrWait(agent, { ...order, trace });
    await failpoint('claim.committed');
    trace.claimed(agent, claimed);
    if (!claimed.warm) nudge();
    const told = { maybe: false };
    try {
      return await run(agent, claimed, { ...order, trace }, told);
    } catch (error) {
      trace.failed(error);
      const endedHere = await ends.end({
        sessionId: order.sessionId,
        epoch: claimed.epoch,
        reason: error instanceof StartTimedOut ? 'start_timeout' : 'start_failed',
        at: clock.now().toISOString(),
        // It may have accepted: what it holds is made void, and nobody is sent there again. One that was told nothing is as it was, and one
        // that can't be made for now is made for whoever comes next: refused callers take up no places.
        slot: told.maybe ? 'fenced' : leftAs(claimed, error),
      });
      nudge();
      if (!endedHere && (await wasStopped(agent, order.sessionId)))
        throw conflict(`Session ${order.sessionId} of agent '${agent.name}' was stopped before it had begun`);
      await countAgainstCanary(agent, claimed, error);
      throw toAppError(agent.name, error);
    }
  }

  return {
    /** Whether a caller of this process is waiting for it. */
    isStarting: (sessionId: string) => starting.has(sessionId),
    /** Callers that wait for a place of the agent, here. */
    waiting: queue.length,
    /** A place may have become free. */
    onPlaces: queue.wake,

    /** Resolves once the instance itself has accepted the session. On any error the claim is released before it goes out. */
    async start(wanted: Agent, order: StartOrder): Promise<HeldSession> {
      if (workers.standsBy()) throw standby();
      // Before it notes anything: what the one under way has noted must not go with this one.
      if (starting.has(order.sessionId)) throw existsAlready(order.sessionId);
      starting.add(order.sessionId);
      try {
        return await begin(wanted, order);
      } finally {
        starting.delete(order.sessionId);
      }
    },
  };
}
export type SessionStarts = ReturnType<typeof createSessionStarts>;

const existsAlready = (sessionId: string) => conflict(`Session ${sessionId} exists already`);

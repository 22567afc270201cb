import type { SessionTrace, TraceStep } from '@pipecat-cloud/contract/sessions';
import type { Logger } from 'pino';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { oneAtATime } from '../one-at-a-time.js';
import { createPeriodic } from '../periodic.js';
import type { Claim, Slot } from '../slots/slot-repository.js';
import type { Clock } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';

interface TraceDeps {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  workers: Pick<WorkerChannel, 'locate' | 'subscribe'>;
}

const writeMs = 1000;
const waitingLimit = 20_000;

/** Notes what a start waits for. None of its calls fails or waits. */
export interface StartTrace {
  /** A claim is tried now; before it, the caller waited for one. */
  claiming(): void;
  claimed(agent: Pick<Agent, 'id' | 'organizationId' | 'minAgents'>, claim: Claim): void;
  accepted(workerId: string): void;
  failed(error: unknown): void;
}

/** Where the time of each start goes. Kept in memory while it goes on, written a moment later, many at a time. */
export function createSessionTraces({ store, clock, log, workers }: TraceDeps) {
  const open = new Map<string, SessionTrace>();
  let waiting = new Map<string, SessionTrace>();
  /** Of the write under way. */
  let leaving = new Map<string, SessionTrace>();

  const write = oneAtATime(async (): Promise<void> => {
    if (waiting.size === 0) return;
    leaving = waiting;
    waiting = new Map();
    try {
      await store.traces.save([...leaving.values()]);
    } catch (error) {
      waiting = new Map([...[...leaving].slice(-waitingLimit), ...waiting]);
      throw error;
    } finally {
      leaving = new Map();
    }
  });

  const writing = createPeriodic({
    run: write,
    intervalMs: writeMs,
    onError: (err) => log.warn({ err }, 'traces of starts could not be written; trying again'),
  });

  function begin(sessionId: string): StartTrace {
    const requested = performance.now();
    const trace: SessionTrace = {
      sessionId,
      requestedAt: clock.now().toISOString(),
      coldStart: null,
      coldReason: null,
      outcome: 'starting',
      error: null,
      instanceId: null,
      workerId: null,
      totalMs: null,
      steps: [],
    };
    let at = requested;
    let unsubscribe = () => {};
    let reason: Promise<void> | undefined;

    /** What went on since the last step was this one. */
    function step(name: TraceStep): void {
      const now = performance.now();
      trace.steps.push({ step: name, atMs: Math.round(at - requested), ms: Math.round(now - at) });
      at = now;
    }

    function watch(organizationId: string, instanceId: string): void {
      const done = (name: TraceStep) => trace.steps.some((one) => one.step === name);
      const look = () => {
        const state = workers.locate(organizationId, instanceId)?.instance.state;
        if (state === undefined || state === 'preparing' || state === 'failed' || state === 'exited') return;
        if (!done('prepare')) step('prepare');
        if (state !== 'starting' && !done('boot')) step('boot');
      };
      unsubscribe = workers.subscribe(look);
      look();
    }

    function finish(): void {
      unsubscribe();
      const keep = () => {
        waiting.set(sessionId, trace);
        open.delete(sessionId);
      };
      // It says why the start was cold, which is known a moment after the claim.
      if (reason) reason.then(keep, keep);
      else keep();
    }

    return {
      claiming(): void {
        trace.steps = [];
        at = requested;
        step('queue');
      },
      claimed({ id, organizationId, minAgents }, { instanceId, warm }): void {
        step('claim');
        open.set(sessionId, trace);
        trace.coldStart = !warm;
        trace.instanceId = instanceId;
        if (warm) return;
        watch(organizationId, instanceId);
        reason = store.slots.listOfAgent(organizationId, id).then((slots) => {
          trace.coldReason = coldReason(slots, sessionId, minAgents);
        });
        reason.catch(() => {});
      },
      accepted(workerId: string): void {
        step('activate');
        trace.workerId = workerId;
        trace.outcome = 'started';
        trace.totalMs = Math.round(at - requested);
        finish();
      },
      failed(error: unknown): void {
        const step = trace.coldStart === false ? 'activate' : (nextOf(trace) ?? 'activate');
        trace.steps.push({ step, atMs: Math.round(at - requested), ms: null });
        trace.outcome = 'failed';
        trace.error = (error as Error).message.slice(0, 500);
        finish();
      },
    };
  }

  async function find(sessionId: string): Promise<SessionTrace | undefined> {
    const kept = open.get(sessionId) ?? waiting.get(sessionId) ?? leaving.get(sessionId);
    return kept ?? (await store.traces.find(sessionId));
  }

  return {
    begin,
    find,
    /** Its socket is open now. Told a second time it changes nothing. */
    async connected(sessionId: string): Promise<void> {
      const trace = await find(sessionId);
      if (!trace || trace.totalMs === null || trace.steps.some(({ step }) => step === 'connect')) return;
      const sinceMs = clock.now().getTime() - Date.parse(trace.requestedAt);
      const ms = Math.max(0, sinceMs - trace.totalMs);
      waiting.set(sessionId, { ...trace, steps: [...trace.steps, { step: 'connect', atMs: trace.totalMs, ms }] });
    },
    write,
    start: () => writing.start(),
    async close(): Promise<void> {
      await writing.close();
      await write().catch((err) => log.warn({ err }, 'the last traces of starts are lost'));
    },
  };
}
export type SessionTraces = ReturnType<typeof createSessionTraces>;

/** The step that had not ended. */
function nextOf({ steps }: SessionTrace): TraceStep | undefined {
  const order: readonly TraceStep[] = ['prepare', 'boot', 'activate'];
  return order.find((name) => !steps.some(({ step }) => step === name));
}

/** Why no instance was waiting, in the agent's own numbers at that moment; without the slot that this session took. */
function coldReason(slots: readonly Slot[], sessionId: string, minAgents: number): string {
  const others = slots.filter((slot) => !slot.spare && slot.sessionId !== sessionId);
  const count = (...states: Slot['state'][]) => others.filter(({ state }) => states.includes(state)).length;
  const busy = count('claimed', 'settling', 'retiring');
  const starting = count('starting');
  const parts = [
    ...(busy > 0 ? [`${busy} of ${others.length + 1} busy`] : []),
    ...(starting > 0 ? [`${starting} still starting`] : []),
  ];
  const kept = minAgents === 0 ? 'the agent keeps none warm (min_agents is 0)' : `the agent keeps ${minAgents} warm`;
  return `No instance was idle: ${[...parts, kept].join(', ')}`;
}

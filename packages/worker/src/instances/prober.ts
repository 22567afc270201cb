import type { Timings } from '../timings.js';
import { type Health, probe } from './health.js';
import { type Instance, isGone } from './instance.js';

/** Failed probes in a row before an idle instance counts as not ready: a busy event loop misses one now and then. */
const toleratedSilences = 2;

export interface ProberDeps {
  timings: Timings;
  /** First time ready. */
  onReady: (instance: Instance) => void;
  /** An idle instance that was ready has given no answer at all for this many milliseconds. */
  onSilent: (instance: Instance, silentMs: number) => void;
  changed: () => void;
}

export type Prober = ReturnType<typeof createProber>;

/**
 * Watches whether instances may be offered: often until the first answer, slowly later. An idle instance that answers 503, or
 * nothing several times, is `starting` until it answers again. A session is never touched by a probe.
 */
export function createProber({ timings, onReady, onSilent, changed }: ProberDeps) {
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;

  function judge(instance: Instance, health: Health, silences: number): void {
    if (instance.tenancy || instance.activating || isGone(instance)) return;
    if (health === 'ready') {
      if (instance.life === 'ready') return;
      instance.life = 'ready';
      onReady(instance);
      changed();
    } else if (instance.life === 'ready' && (health === 'unready' || silences > toleratedSilences)) {
      instance.life = 'starting';
      changed();
    }
  }

  function pauseFor({ life, record }: Instance): number {
    if (life === 'ready') return timings.probeIdleMs;
    return record.startedMs === undefined ? timings.probeStartMs : Math.min(1000, timings.probeIdleMs);
  }

  function watch(instance: Instance): void {
    const { address } = instance;
    if (address === undefined || closed) return;
    stop(instance.id);
    let silences = 0;
    let silentSince: number | undefined;

    async function round(): Promise<void> {
      const asked = timer;
      const idle = !instance.tenancy && !instance.activating;
      const health = idle ? await probe(address as string, timings.probeTimeoutMs) : 'ready';
      // Stopped or started anew meanwhile.
      if (timers.get(instance.id) !== asked || isGone(instance)) return;
      silences = health === 'silent' ? silences + 1 : 0;
      silentSince = health === 'silent' ? (silentSince ?? performance.now()) : undefined;
      instance.answers = health !== 'silent';
      if (idle) judge(instance, health, silences);
      if (silentSince !== undefined) onSilent(instance, performance.now() - silentSince);
      if (isGone(instance) || timers.get(instance.id) !== asked) return;
      schedule(pauseFor(instance));
    }

    let timer: NodeJS.Timeout;
    function schedule(ms: number): void {
      timer = setTimeout(() => void round(), ms);
      timers.set(instance.id, timer);
    }
    schedule(0);
  }

  function stop(instanceId: string): void {
    clearTimeout(timers.get(instanceId));
    timers.delete(instanceId);
  }

  return {
    /** Begins, or asks again at once. Needs the instance's address. */
    watch,
    stop,
    close(): void {
      closed = true;
      for (const id of [...timers.keys()]) stop(id);
    },
  };
}

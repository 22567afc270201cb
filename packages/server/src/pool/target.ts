/** Idle instances above the target live this long (contract §9.6). */
export const idleCooldownMs = 5 * 60 * 1000;

/** Times the mean number of starts that arrive while an instance is made: arrivals come in bursts. */
const safety = 1.5;
/** Idle instances for each that holds a session. */
const bufferShare = 0.2;
/** Until the first instance was seen to start, in seconds. */
const presumedStartSeconds = 10;

export interface TargetInputs {
  minAgents: number;
  maxAgents: number;
  /** Instances that are neither idle nor free: they hold a session, settle, are quarantined in a counted place, or leave. */
  busy: number;
  /** Of those, the ones with a session. */
  active: number;
  /** Requests for a session per second, those refused for capacity too. */
  arrivalsPerSecond: number;
  /** 95 of 100 of its last instances were ready in this time; null before the first. */
  startSecondsP95: number | null;
}

export type TargetReason = 'minimum' | 'arrivals' | 'active' | 'limit' | 'none';
export interface TargetDecision {
  target: number;
  reason: TargetReason;
  /** Why, in a sentence. */
  why: string;
  inputs: TargetInputs;
}

/**
 * How many idle instances of the live deployment to keep, and why: the largest of what the agent is to keep warm, of what arrives
 * while another is made, and of a share of its sessions; within the places that are left. Pure.
 */
export function idleTarget(inputs: TargetInputs): TargetDecision {
  const { minAgents, maxAgents, busy, active, arrivalsPerSecond, startSecondsP95 } = inputs;
  const seconds = startSecondsP95 ?? presumedStartSeconds;
  // Rounded, or one lone start would keep an instance for the next that never comes.
  const forArrivals = Math.round(arrivalsPerSecond * seconds * safety);
  const forActive = Math.floor(active * bufferShare);
  const wanted = Math.max(minAgents, forArrivals, forActive);
  const free = Math.max(0, maxAgents - busy);
  const target = Math.min(wanted, free);
  const because: Record<Exclude<TargetReason, 'limit'>, string> = {
    none: 'no minimum is set, and too few sessions are started to keep one in advance',
    minimum: `min_agents is ${minAgents}`,
    arrivals: `${perSecond(arrivalsPerSecond)} starts a second arrive, and an instance takes ${round(seconds)} s to start${startSecondsP95 === null ? ' (presumed)' : ' at p95'}; times ${safety} that is ${forArrivals}`,
    active: `${active} sessions are active, and for each ${bufferShare} of an instance is kept`,
  };
  const first = wanted === 0 ? 'none' : leading({ minAgents, forArrivals, forActive });
  const limited = target < wanted;
  return {
    target,
    reason: limited ? 'limit' : first,
    why: limited
      ? `${kept(target)}: ${wanted} would be, because ${because[first]}, but ${busy} of ${maxAgents} places are taken`
      : `${kept(target)}: ${because[first]}`,
    inputs: { minAgents, maxAgents, busy, active, arrivalsPerSecond, startSecondsP95 },
  };
}

function leading(of: { minAgents: number; forArrivals: number; forActive: number }): 'minimum' | 'arrivals' | 'active' {
  if (of.minAgents >= of.forArrivals && of.minAgents >= of.forActive) return 'minimum';
  return of.forArrivals >= of.forActive ? 'arrivals' : 'active';
}

const round = (value: number) => Math.round(value * 10) / 10;
const perSecond = (rate: number) => (rate >= 0.1 ? String(round(rate)) : rate.toFixed(3));
const kept = (target: number) =>
  target === 0
    ? 'No idle instance is kept'
    : target === 1
      ? '1 idle instance is kept'
      : `${target} idle instances are kept`;

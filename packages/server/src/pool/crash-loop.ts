import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Facts } from './facts.js';

/** So many instances in a row that did not stay, and it is a loop: fewer are told as what they are, single failures. */
export const crashLoopAfter = 3;
/** An instance that has been there for so long, or has had a session, did not end at once. */
const steadyMs = 60_000;
/** The longest wait after a failed start. */
export const maxBackoffMs = 30_000;

/** How long to wait after so many failures in a row. */
export const backoffMs = (failures: number): number => Math.min(maxBackoffMs, 500 * 2 ** failures);

/**
 * Whether the instances of a deployment that takes sessions end again and again, idle or in sessions. One that never took any is
 * given up instead.
 */
export const isCrashLooping = ({ startFailures, sessionCrashes, liveAt, phase }: Deployment): boolean =>
  (startFailures >= crashLoopAfter || sessionCrashes >= crashLoopAfter) && liveAt !== null && phase !== 'Failed';

/**
 * Deployments whose failed starts are behind them, as an instance has stayed. Of crashes in sessions an idle instance shows nothing: those
 * are over with a session that ends otherwise.
 */
export function recoveredDeployments({ deployments, slots }: Facts, now: Date): Deployment[] {
  const steady = new Set(slots.filter((slot) => isSteady(slot, now)).map(({ deploymentId }) => deploymentId));
  return [...deployments.values()].filter(
    ({ id, phase, startFailures }) => phase !== 'Failed' && startFailures > 0 && steady.has(id),
  );
}

function isSteady({ state, served, changedAt }: Slot, now: Date): boolean {
  const isOld = now.getTime() - Date.parse(changedAt) >= steadyMs;
  return state === 'settling' || (state === 'ready' && (served > 0 || isOld)) || (state === 'claimed' && isOld);
}

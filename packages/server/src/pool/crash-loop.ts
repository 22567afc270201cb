import type { Deployment, FailureCounts } from '../deployments/deployment-repository.js';
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
 * Deployments with failures behind them, and which of what they count begins anew: failed starts once an instance has stayed; crashes in
 * sessions only once a session has ended otherwise, since an idle instance shows nothing of what a session does to it.
 */
export function recoveredDeployments(
  { deployments, slots }: Facts,
  now: Date,
): { deployment: Deployment; cleared: FailureCounts }[] {
  const idsOf = (found: readonly Slot[]) => new Set(found.map(({ deploymentId }) => deploymentId));
  const steady = idsOf(slots.filter((slot) => isSteady(slot, now)));
  // A slot whose instance ended with its session goes another way.
  const served = idsOf(slots.filter(({ state }) => state === 'settling'));
  return [...deployments.values()]
    .filter(({ phase }) => phase !== 'Failed')
    .map((deployment) => {
      const { id, startFailures, sessionCrashes } = deployment;
      return {
        deployment,
        cleared: {
          startFailures: startFailures > 0 && steady.has(id),
          sessionCrashes: sessionCrashes > 0 && served.has(id),
        },
      };
    })
    .filter(({ cleared }) => cleared.startFailures || cleared.sessionCrashes);
}

function isSteady({ state, served, changedAt }: Slot, now: Date): boolean {
  const isOld = now.getTime() - Date.parse(changedAt) >= steadyMs;
  return state === 'settling' || (state === 'ready' && (served > 0 || isOld)) || (state === 'claimed' && isOld);
}

import type { RolloutOptions } from '@pipecat-cloud/contract/agents';
import { badRequest } from '../errors.js';
import type { Deployment } from './deployment-repository.js';

export type RolloutPlan = Pick<Deployment, 'rollout' | 'canaryPercent'>;

/** How a deploy wants its deployment to take over; undefined where it says nothing of it. */
export function rolloutOf(options: RolloutOptions | undefined): RolloutPlan | undefined {
  if (!options) return undefined;
  const { strict = false, hold = false, canaryPercent } = options;
  if ([strict, hold, canaryPercent !== undefined].filter(Boolean).length > 1) {
    throw badRequest(
      'rollout takes one of strict, canaryPercent and hold: each says when the new deployment gets sessions',
    );
  }
  if (canaryPercent !== undefined) return { rollout: 'canary', canaryPercent };
  if (strict) return { rollout: 'strict', canaryPercent: null };
  return hold ? { rollout: 'held', canaryPercent: null } : undefined;
}

/** A share, or a wait, needs one that serves meanwhile. */
export function checkHasLive(name: string, plan: RolloutPlan | undefined, liveDeploymentId: string | null): void {
  if (liveDeploymentId !== null || (plan?.rollout !== 'canary' && plan?.rollout !== 'held')) return;
  throw badRequest(
    `Agent '${name}' has no deployment that takes sessions, so none can serve beside a ${plan.rollout === 'canary' ? 'canary' : 'held one'}. Deploy it without that first`,
  );
}

import type { Reuse } from '@pipecat-cloud/contract/pool';
import { mebibytesOf } from '@pipecat-cloud/contract/quantities';
import type { Activation } from '@pipecat-cloud/contract/worker';
import type { Agent } from '../agents/agent-repository.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { badRequest } from '../errors.js';

/** The agent's policy as its workers apply it, with memory in bytes of what the deployment has. */
export function reuseOf(
  agent: Pick<Agent, 'reuseMaxSessions' | 'reuseMaxMemoryPercent'>,
  deployment: Pick<Deployment, 'memory'> | undefined,
): Pick<Activation, 'reuse'> {
  const { reuseMaxSessions: maxSessions, reuseMaxMemoryPercent: percent } = agent;
  const memory = deployment && percent !== null ? mebibytesOf(deployment.memory) * 1024 * 1024 : undefined;
  if (maxSessions === null && memory === undefined) return {};
  return {
    reuse: {
      ...(maxSessions === null ? {} : { maxSessions }),
      ...(memory === undefined ? {} : { maxMemoryBytes: Math.round((memory * (percent ?? 100)) / 100) }),
    },
  };
}

/** What a deploy makes of the policy before it; an absent one stays. */
export function reuseAfter(
  given: Reuse | undefined,
  before: Pick<Agent, 'reuseMaxSessions' | 'reuseMaxMemoryPercent'>,
): Pick<Agent, 'reuseMaxSessions' | 'reuseMaxMemoryPercent'> {
  if (given === undefined) {
    const { reuseMaxSessions, reuseMaxMemoryPercent } = before;
    return { reuseMaxSessions, reuseMaxMemoryPercent };
  }
  const { policy, maxSessions, maxMemoryPercent } = given;
  if (policy === 'fresh' && ((maxSessions ?? 1) !== 1 || maxMemoryPercent !== undefined)) {
    throw badRequest(
      "With reuse.policy 'fresh' each instance has one session: leave out maxSessions and maxMemoryPercent",
    );
  }
  return {
    reuseMaxSessions: policy === 'fresh' ? 1 : (maxSessions ?? null),
    reuseMaxMemoryPercent: maxMemoryPercent ?? null,
  };
}

/** The policy as clients read it. */
export function presentReuse({
  reuseMaxSessions: maxSessions,
  reuseMaxMemoryPercent: maxMemoryPercent,
}: Pick<Agent, 'reuseMaxSessions' | 'reuseMaxMemoryPercent'>): Reuse {
  if (maxSessions === 1) return { policy: 'fresh' };
  return {
    policy: 'reuse',
    ...(maxSessions === null ? {} : { maxSessions }),
    ...(maxMemoryPercent === null ? {} : { maxMemoryPercent }),
  };
}

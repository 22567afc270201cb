import type { DeploymentRecord, DeploymentState } from '@pipecat-cloud/contract/deployments';
import type { Agent } from '../agents/agent-repository.js';
import type { Deployment } from './deployment-repository.js';
import { settingNames } from './deployment-settings.js';

export type History = Omit<DeploymentRecord, 'id' | 'serviceId' | 'manifest' | 'createdAt' | 'updatedAt'>;

/** What became of a deployment, as it stands now. `before` is the one that was made before it; `names` is what ids are called. */
export function historyOf(
  deployment: Deployment,
  before: Deployment | undefined,
  agent: Agent,
  names: Readonly<Record<string, string>>,
): History {
  const { deployedBy, error } = deployment;
  const nameOf = (id: string | null | undefined) => (id ? names[id] : undefined);
  return {
    state: stateOf(deployment, agent),
    rollout: deployment.rollout,
    deployedBy: {
      kind: deployedBy?.kind ?? 'unknown',
      id: deployedBy?.id ?? null,
      name: nameOf(deployedBy?.id) ?? nameOf(deployedBy?.credentialId) ?? null,
    },
    readyAt: deployment.readyAt,
    liveAt: deployment.liveAt,
    changes: before ? changesBetween(before, deployment) : [],
    ...(error ? { error } : {}),
  };
}

export function stateOf(
  { id, phase, readyAt, liveAt, rollout }: Pick<Deployment, 'id' | 'phase' | 'readyAt' | 'liveAt' | 'rollout'>,
  agent: Pick<Agent, 'liveDeploymentId' | 'desiredDeploymentId' | 'canaryPercent'>,
): DeploymentState {
  if (id === agent.liveDeploymentId) return 'live';
  if (phase === 'Failed') return 'failed';
  if (id !== agent.desiredDeploymentId) return liveAt === null ? 'withdrawn' : 'retired';
  if (readyAt === null) return 'starting';
  if (agent.canaryPercent !== null) return 'canary';
  return rollout === 'held' ? 'held' : 'starting';
}

/** Settings that differ, and the digest where only the tag moved. */
function changesBetween(before: Deployment, after: Deployment): DeploymentRecord['changes'] {
  const text = (value: string | number | null) => (value === null ? null : String(value));
  return ([...settingNames, 'imageDigest'] as const)
    .filter((name) => before[name] !== after[name])
    .map((setting) => ({ setting, from: text(before[setting]), to: text(after[setting]) }));
}

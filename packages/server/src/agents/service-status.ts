import type { Service, ServiceList } from '@pipecat-cloud/contract/agents';
import type { DeploymentState, Deployment as WireDeployment } from '@pipecat-cloud/contract/deployments';
import { stateOf } from '../deployments/deployment-history.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { crashLoopAfter, isCrashLooping, maxBackoffMs } from '../pool/crash-loop.js';
import { presentReuse } from '../sessions/reuse.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Agent } from './agent-repository.js';

export interface ServiceFacts {
  agent: Agent;
  desired: Deployment | undefined;
  live: Deployment | undefined;
  slots: readonly Slot[];
  /** Why an instance that is being made can't be at this moment. */
  delayed: string | undefined;
  activeSessions: number;
  organizationName: string;
  warning: string | undefined;
}

/**
 * What pollers read (contract §11.3). Until the desired deployment is live, or ready and waiting as it was asked to, `ready` and
 * `activeDeploymentReady` are false, so that no client reports success for the old one; `available` stays true while an older one
 * serves.
 */
export function presentService({
  agent,
  desired,
  live,
  slots,
  delayed,
  activeSessions,
  organizationName,
  warning,
}: ServiceFacts): Service {
  const available = live !== undefined;
  const state = desired && stateOf(desired, agent);
  const current = available && (state === 'live' || state === 'canary' || state === 'held');
  const failed = state === 'failed';
  const looping = live && isCrashLooping(live) ? live : undefined;
  const shown = desired ?? live;
  return {
    id: agent.id,
    name: agent.name,
    region: agent.region,
    ready: current,
    available,
    activeDeploymentReady: current,
    createdAt: agent.createdAt,
    updatedAt: agent.updatedAt,
    desiredDeploymentId: agent.desiredDeploymentId,
    activeDeploymentId: agent.liveDeploymentId,
    reconciledDeploymentId: agent.reconciledDeploymentId,
    activeSessionCount: activeSessions,
    idleInstanceCount: slots.filter(({ state }) => state === 'ready').length,
    ...(shown?.profile ? { agentProfile: shown.profile } : {}),
    ...(shown ? { resources: { cpu: shown.cpu, memory: shown.memory } } : {}),
    autoScaling: { minReplicas: agent.minAgents, maxReplicas: agent.maxAgents },
    reuse: presentReuse(agent),
    krispViva: { audioFilter: shown?.krispAudioFilter ?? null },
    websocketAuth: agent.websocketAuth,
    conditions: conditionsOf({
      available,
      state,
      current,
      failed,
      looping,
      delayed,
      message: desired?.error?.message ?? '',
    }),
    ...(desired ? { currentRevision: revisionOf(desired, slots) } : {}),
    ...(live && live.id !== desired?.id ? { previousRevision: revisionOf(live, slots) } : {}),
    ...(shown ? { deployment: presentDeployment(shown, agent, organizationName) } : {}),
    ...(desired && state ? { rollout: rolloutOf(desired, state, agent) } : {}),
    errors: failed && desired?.error ? [desired.error] : [],
    ...(warning ? { warning } : {}),
  };
}

/** What a list reads of an agent. */
export const summaryMembers = [
  'id',
  'name',
  'region',
  'liveDeploymentId',
  'desiredDeploymentId',
  'canaryPercent',
  'createdAt',
  'updatedAt',
] as const;

/** An agent in a list. */
export function presentSummary(agent: Pick<Agent, (typeof summaryMembers)[number]>): ServiceList['services'][number] {
  return {
    id: agent.id,
    name: agent.name,
    region: agent.region,
    activeDeploymentId: agent.liveDeploymentId,
    desiredDeploymentId: agent.desiredDeploymentId,
    ready:
      agent.liveDeploymentId !== null &&
      (agent.liveDeploymentId === agent.desiredDeploymentId || agent.canaryPercent !== null),
    createdAt: agent.createdAt,
    updatedAt: agent.updatedAt,
  };
}

function rolloutOf(
  { canaryPercent, rollout }: Deployment,
  state: DeploymentState,
  { startsHeld }: Agent,
): NonNullable<Service['rollout']> {
  return {
    // The desired deployment is in none of the other states.
    state:
      state === 'live' ? 'complete' : state === 'held' || state === 'canary' || state === 'failed' ? state : 'starting',
    strict: startsHeld,
    canaryPercent: rollout === 'canary' && state !== 'live' && state !== 'failed' ? canaryPercent : null,
  };
}

const waiting: Partial<Record<DeploymentState, string>> = { canary: 'Canary', held: 'Held' };

function conditionsOf(facts: {
  available: boolean;
  current: boolean;
  failed: boolean;
  /** What takes the sessions ends again and again. */
  looping: Deployment | undefined;
  state: DeploymentState | undefined;
  delayed: string | undefined;
  message: string;
}): Service['conditions'] {
  const condition = (type: 'Available' | 'Progressing' | 'Degraded', on: boolean, reason: string, message = '') => ({
    type,
    status: on ? ('True' as const) : ('False' as const),
    reason,
    message,
  });
  const settled = waiting[facts.state ?? 'live'] ?? 'AsExpected';
  return [
    condition('Available', facts.available, facts.available ? 'AsExpected' : 'NoReadyDeployment'),
    facts.delayed !== undefined && !facts.current && !facts.failed
      ? condition('Progressing', true, 'InstanceDelayed', facts.delayed)
      : condition('Progressing', !facts.current && !facts.failed, facts.current ? settled : 'Deploying'),
    facts.looping && !facts.failed
      ? condition('Degraded', true, 'CrashLoop', loopText(facts.looping))
      : condition('Degraded', facts.failed, facts.failed ? 'DeploymentFailed' : 'AsExpected', facts.message),
  ];
}

function loopText({ startFailures, sessionCrashes, error }: Deployment): string {
  const last = `The last: ${error?.message ?? 'it ended'}`;
  return startFailures >= crashLoopAfter
    ? `Crash loop: ${startFailures} instances in a row ended instead of serving. The next is tried within ${maxBackoffMs / 1000} s, and with each session that needs one. ${last}`
    : `Crash loop: ${sessionCrashes} sessions in a row ended because their instance did. Sessions are started all the same. ${last}`;
}

function revisionOf(deployment: Deployment, slots: readonly Slot[]): NonNullable<Service['currentRevision']> {
  const own = slots.filter(({ deploymentId }) => deploymentId === deployment.id);
  const running = own.filter(({ state }) => state === 'ready' || state === 'claimed' || state === 'settling').length;
  const looping = isCrashLooping(deployment);
  const healthy = deployment.readyAt !== null && deployment.phase !== 'Failed' && !looping;
  return {
    deploymentID: deployment.id,
    phase: deployment.phase,
    readyReplicas: running,
    phaseStartedAt: deployment.phaseStartedAt,
    health: {
      ready: healthy,
      state: healthy ? 'running' : deployment.phase === 'Failed' ? 'terminated' : 'waiting',
      restartCount: deployment.startFailures + deployment.sessionCrashes,
      replicasStarted: own.length,
      ...(deployment.error
        ? {
            reason: looping ? 'CrashLoop' : deployment.error.code,
            message: deployment.error.message,
            headline: looping ? 'Its instances end again and again' : headlineOf(deployment),
          }
        : {}),
    },
  };
}

/** What is wrong, in a few words; the message below it says more. */
function headlineOf({ error, sessionCrashes }: Deployment): string {
  if (sessionCrashes > 0) return 'An instance ended in a session';
  return headlines[error?.code ?? ''] ?? 'The agent does not start';
}
const headlines: Readonly<Record<string, string>> = {
  PCC_IMAGE_NOT_FOUND: 'The image was not found',
  PCC_IMAGE_PULL_UNAUTHORIZED: 'The registry refused the credentials of the image',
  PCC_IMAGE_TOO_LARGE: 'The image is too large',
  PCC_IMAGE_PULL_RATE_LIMIT: 'The registry limits how often the image is pulled',
  PCC_INVALID_IMAGE_PLATFORM: 'No machine of the region can run the image',
  PCC_IMAGE_PULL_UNKNOWN_ERROR: 'The image could not be pulled',
};

export function presentDeployment(
  deployment: Deployment,
  agent: Pick<Agent, 'id' | 'name' | 'minAgents' | 'maxAgents'>,
  organizationName: string,
): WireDeployment {
  const { cpu, memory, architecture } = deployment;
  return {
    id: deployment.id,
    serviceId: agent.id,
    ...(deployment.buildId ? { buildId: deployment.buildId } : {}),
    ...(deployment.imageDigest ? { imageDigest: deployment.imageDigest } : {}),
    manifest: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: agent.name, namespace: organizationName },
      spec: {
        dailyNodeType: 'arm',
        ...(deployment.image ? { image: deployment.image } : {}),
        autoScaling: { minReplicas: agent.minAgents, maxReplicas: agent.maxAgents },
        resources: { cpu, memory },
        ...(architecture ? { arch: architecture } : {}),
        envFromSecretNames: deployment.secretSet ? [deployment.secretSet] : [],
        ...(deployment.krispAudioFilter ? { krispViva: { audioFilters: true } } : {}),
        ...(deployment.imagePullSecretSet ? { imagePullSecretName: deployment.imagePullSecretSet } : {}),
        ...(deployment.maxSessionSeconds ? { maxSessionDurationSeconds: deployment.maxSessionSeconds } : {}),
      },
    },
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
  };
}

import type { DeployBody } from '@pipecat-cloud/contract/agents';
import type { AgentSizing } from '../agents/sizing.js';
import { badRequest } from '../errors.js';
import type { Deployment, DeploymentSettings } from './deployment-repository.js';

/** Limits of a deploy; absent members stay as they were. */
export function scalingOf(body: DeployBody, before: { minAgents: number; maxAgents: number }) {
  const minAgents = body.autoScaling?.minAgents ?? before.minAgents;
  const maxAgents = body.autoScaling?.maxAgents ?? before.maxAgents;
  if (minAgents > maxAgents) throw badRequest(`minAgents (${minAgents}) is greater than maxAgents (${maxAgents})`);
  return { minAgents, maxAgents };
}

/** What a deploy makes of the settings before it; absent members stay as they were. */
export function mergeSettings(
  current: DeploymentSettings | undefined,
  body: DeployBody,
  sizing: AgentSizing,
): DeploymentSettings {
  const source =
    body.buildId !== undefined
      ? { buildId: body.buildId, image: null }
      : body.image !== undefined
        ? { image: body.image, buildId: null }
        : { image: current?.image ?? null, buildId: current?.buildId ?? null };
  return {
    ...source,
    secretSet: body.secretSet ?? current?.secretSet ?? null,
    imagePullSecretSet: body.imagePullSecretSet ?? current?.imagePullSecretSet ?? null,
    ...sizing,
    architecture: body.architecture ?? current?.architecture ?? null,
    maxSessionSeconds: body.maxSessionDuration ?? current?.maxSessionSeconds ?? null,
    krispAudioFilter:
      body.krispViva?.audioFilter === undefined ? (current?.krispAudioFilter ?? null) : body.krispViva.audioFilter,
  };
}

export const settingNames = [
  'image',
  'buildId',
  'secretSet',
  'imagePullSecretSet',
  'profile',
  'cpu',
  'memory',
  'architecture',
  'maxSessionSeconds',
  'krispAudioFilter',
] as const;

/**
 * What makes a new deployment and what does not (contract §11.1). One that has failed is not what runs: whoever names its image or
 * build again wants it to be tried again, since what made it fail may lie outside the settings.
 */
export function needsDeployment(
  current: (DeploymentSettings & Pick<Deployment, 'phase'>) | undefined,
  settings: DeploymentSettings,
  body: DeployBody,
): boolean {
  if (body.forceRedeploy === true || !current || !sameSettings(current, settings)) return true;
  return current.phase === 'Failed' && namesSource(body);
}

/**
 * A deploy that names an image runs what its tag says now. One that changes only how the same is run, such as its session limit,
 * brings no other code.
 */
export function digestToKeep(current: Deployment | undefined, body: DeployBody): string | null {
  return body.forceRedeploy === true || namesSource(body) ? null : (current?.imageDigest ?? null);
}

const namesSource = (body: DeployBody) => body.image !== undefined || body.buildId !== undefined;

function sameSettings(a: DeploymentSettings, b: DeploymentSettings): boolean {
  return settingNames.every((name) => a[name] === b[name]);
}

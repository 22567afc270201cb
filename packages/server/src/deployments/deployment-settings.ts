import type { DeployBody } from '@pipecat-cloud/contract/agents';
import type { AgentSizing } from '../agents/sizing.js';
import { badRequest } from '../errors.js';
import type { DeploymentSettings } from './deployment-repository.js';

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

const settingNames = [
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

/** Whether a deploy changes nothing that needs a new deployment (contract §11.1). */
export function sameSettings(a: DeploymentSettings, b: DeploymentSettings): boolean {
  return settingNames.every((name) => a[name] === b[name]);
}

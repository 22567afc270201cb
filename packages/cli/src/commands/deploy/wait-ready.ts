import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@pipecat-cloud/contract/agents';
import type { Client } from '@pipecat-cloud/contract/client';
import { CliError, exitCodes } from '../../lib/errors.js';
import { duration } from '../../lib/format.js';
import { createPatience } from '../../lib/patience.js';
import type { Progress } from '../../lib/progress.js';
import { clean } from '../../lib/text.js';
import { phaseOf } from './phase.js';

interface Awaited {
  /** Of the agent. */
  name: string;
  /** The deployment that was accepted; undefined where the server does not say. */
  deploymentId: string | null | undefined;
  seconds: number;
}

/**
 * Polls until the deployment is ready (contract §11.3): every second for a minute, then every five. Throws when the
 * deployment failed (exit 1), when another one has taken its place (exit 9) and when time is up (exit 10).
 */
export async function waitUntilReady(
  api: Client,
  org: string,
  progress: Progress,
  { name, deploymentId, seconds }: Awaited,
): Promise<Service> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const patient = createPatience();
  let last = '';
  let told: string | undefined;
  progress.step(`Waiting for ${name} to be ready`);
  for (;;) {
    const service = await patient(() => api.getService(org, name));
    if (service && deploymentId) refuseAnother(service, deploymentId, name);
    const phase = service && phaseOf(service);
    if (service && phase?.kind === 'ready') return service;
    if (phase?.kind === 'failed') {
      throw new CliError(`The deployment of ${name} failed: ${phase.message.replace(/\.$/, '')} (${phase.code}).`, {
        code: phase.code,
        hint: `${service?.available ? 'The previous deployment goes on serving. ' : ''}Logs: pipecat cloud agent logs ${name} --deployment ${service?.desiredDeploymentId}`,
      });
    }
    if (phase && 'text' in phase) last = phase.text;
    const attempt = service && failedAttempt(service, deploymentId);
    if (attempt !== undefined && attempt !== told) progress.line(clean(attempt));
    told = attempt ?? told;
    if (elapsed() >= seconds) throw tookTooLong(name, seconds, last);
    progress.detail(`(${last || 'no answer yet'}, ${duration(elapsed())})`);
    await sleep(Math.min(elapsed() < 60 ? 1000 : 5000, Math.max(0, (seconds - elapsed()) * 1000)));
  }
}

/** An instance that did not start is followed by others, which takes minutes: what is wrong with it is known already. */
function failedAttempt({ currentRevision }: Service, deploymentId: string | null | undefined): string | undefined {
  if (!currentRevision || currentRevision.deploymentID !== deploymentId) return undefined;
  const { restartCount, message, ready } = currentRevision.health;
  if (ready || restartCount === 0 || message === undefined) return undefined;
  return `Start ${restartCount} failed, and it is tried again: ${message}`;
}

/** What is said of the agent from then on is about the other one. One that serves was ready before the other came. */
function refuseAnother({ desiredDeploymentId, activeDeploymentId }: Service, deploymentId: string, name: string): void {
  const isOurs = desiredDeploymentId === deploymentId || activeDeploymentId === deploymentId;
  if (isOurs || !desiredDeploymentId) return;
  throw new CliError(
    `Deployment ${deploymentId} of ${name} was replaced by ${desiredDeploymentId} before it was ready.`,
    {
      exit: exitCodes.conflict,
      code: 'SUPERSEDED',
      hint: `Somebody else deployed ${name} meanwhile. See: pipecat cloud agent history ${name}`,
    },
  );
}

function tookTooLong(name: string, seconds: number, last: string): CliError {
  return new CliError(`${name} was not ready within ${duration(seconds)}: ${last || 'the server gave no answer'}.`, {
    exit: exitCodes.timedOut,
    code: 'TIMEOUT',
    hint: `The deployment goes on. See: pipecat cloud agent status ${name}, pipecat cloud agent logs ${name}`,
  });
}

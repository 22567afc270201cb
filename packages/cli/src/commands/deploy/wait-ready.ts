import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@pipecat-cloud/contract/agents';
import type { Client } from '@pipecat-cloud/contract/client';
import { CliError, exitCodes } from '../../lib/errors.js';
import { duration } from '../../lib/format.js';
import { createPatience } from '../../lib/patience.js';
import type { Progress } from '../../lib/progress.js';
import { phaseOf } from './phase.js';

/**
 * Polls until the deployment is ready (contract §11.3): every second for a minute, then every five. Throws when the
 * deployment failed (exit 1) and when time is up (exit 10).
 */
export async function waitUntilReady(
  api: Client,
  org: string,
  name: string,
  seconds: number,
  progress: Progress,
): Promise<Service> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const patient = createPatience();
  let last = '';
  progress.step(`Waiting for ${name} to be ready`);
  for (;;) {
    const service = await patient(() => api.getService(org, name));
    const phase = service && phaseOf(service);
    if (service && phase?.kind === 'ready') return service;
    if (phase?.kind === 'failed') {
      throw new CliError(`The deployment of ${name} failed: ${phase.message.replace(/\.$/, '')} (${phase.code}).`, {
        code: phase.code,
        hint: `${service?.available ? 'The previous deployment goes on serving. ' : ''}Logs: pipecat cloud agent logs ${name} --deployment ${service?.desiredDeploymentId}`,
      });
    }
    if (phase && 'text' in phase) last = phase.text;
    if (elapsed() >= seconds) throw tookTooLong(name, seconds, last);
    progress.detail(`(${last || 'no answer yet'}, ${duration(elapsed())})`);
    await sleep(Math.min(elapsed() < 60 ? 1000 : 5000, Math.max(0, (seconds - elapsed()) * 1000)));
  }
}

function tookTooLong(name: string, seconds: number, last: string): CliError {
  return new CliError(`${name} was not ready within ${duration(seconds)}: ${last || 'the server gave no answer'}.`, {
    exit: exitCodes.timedOut,
    code: 'TIMEOUT',
    hint: `The deployment goes on. See: pipecat cloud agent status ${name}, pipecat cloud agent logs ${name}`,
  });
}

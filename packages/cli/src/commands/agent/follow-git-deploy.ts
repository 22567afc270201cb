import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { duration } from '../../lib/format.js';
import { createPatience } from '../../lib/patience.js';

/** What the service says of its newest deploy from a repository (contract §13.3). */
export interface GitDeploy {
  status?: string;
  commitSha?: string;
  reason?: string;
}

const ended = ['succeeded', 'failed', 'cancelled'];

/** Polls until the deploy of a commit has ended; of any commit where none is named. Throws unless it succeeded. */
export async function followGitDeploy(
  context: CommandContext,
  name: string,
  commit: string | undefined,
  seconds: number,
): Promise<GitDeploy> {
  const [api, org] = [await context.api(), await context.org()];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const patient = createPatience();
  context.progress.step(`Building and deploying ${commit ? commit.slice(0, 7) : name}`);
  for (;;) {
    const service = await patient(() => api.getService(org, name));
    const { latestDeploy: found } = (service ?? {}) as { latestDeploy?: GitDeploy | null };
    const ours = found && (!commit || found.commitSha === commit) ? found : undefined;
    if (ours?.status === 'succeeded') return ours;
    if (ours && ended.includes(ours.status ?? '')) {
      throw new CliError(`The deploy of ${name} ${ours.status}: ${ours.reason ?? 'no reason given'}`, {
        code: 'DEPLOY_FAILED',
        hint: 'What ran before goes on. Builds and their logs: pipecat cloud build list',
      });
    }
    if (elapsed() >= seconds) {
      throw new CliError(`The deploy of ${name} was not done within ${duration(seconds)}.`, {
        exit: exitCodes.timedOut,
        code: 'TIMEOUT',
        hint: `It goes on. See: pipecat cloud agent status ${name}`,
      });
    }
    context.progress.detail(`(${ours?.status ?? 'queued'}, ${duration(elapsed())})`);
    await sleep(Math.min(elapsed() < 60 ? 1000 : 5000, Math.max(0, (seconds - elapsed()) * 1000)));
  }
}

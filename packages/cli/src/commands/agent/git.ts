import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { branchOf, checkBranch, checkRepository } from '../../lib/git-names.js';
import { github } from '../../lib/github-calls.js';
import { followGitDeploy } from './follow-git-deploy.js';

export interface LinkOptions {
  repo: string;
  branch: string;
  dockerfilePath?: string;
  subdirectory?: string;
  autoDeploy?: boolean;
}

/** `agent link`: only what was named is sent, so that the rest of a link stays as it is. */
export async function linkAgent(context: CommandContext, name: string, options: LinkOptions) {
  const { repo, branch, dockerfilePath, subdirectory, autoDeploy } = options;
  checkRepository(repo);
  checkBranch(branch);
  const [api, org] = [await context.api(), await context.org()];
  const { gitConfig } = await github(api).link(org, name, {
    repoFullName: repo,
    branch,
    ...(dockerfilePath === undefined ? {} : { dockerfilePath }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
    ...(autoDeploy === undefined ? {} : { autoDeploy }),
  });
  context.result({ gitConfig }, () => `${name} is linked to ${repo}@${branch}. What runs stays until the next deploy.`);
  context.note(context.colours.dim(`Deploy it now: pipecat cloud agent deploy ${name} --github`));
}

export async function unlinkAgent(context: CommandContext, name: string, options: { force?: boolean; yes?: boolean }) {
  if (!options.force && !options.yes) {
    await context.confirm(`Unlink ${name}? Pushes deploy it no more; what runs goes on.`, '--force');
  }
  const [api, org] = [await context.api(), await context.org()];
  await github(api).unlink(org, name);
  context.result({ unlinked: name }, () => `${name} is unlinked. What runs goes on.`);
}

export interface GitDeployOptions {
  github?: boolean;
  wait?: boolean;
  waitTimeout: number;
}

/** `agent deploy --github`: builds the head of the linked branch. */
export async function deployLinked(context: CommandContext, name: string, options: GitDeployOptions) {
  if (!options.github) {
    throw usageError(
      'This deploys the linked branch of an agent, and --github says so.',
      `Pass --github, or deploy a directory or an image with: pipecat cloud deploy ${name}`,
    );
  }
  const [api, org] = [await context.api(), await context.org()];
  const { deployIntent } = await github(api).deploy(org, name);
  const { commitSha = '', ref = '' } = deployIntent;
  const what = `${commitSha.slice(0, 7) || 'the newest commit'}${ref ? ` of ${branchOf(ref)}` : ''}`;
  if (!options.wait) {
    context.result({ deployIntent }, () => `Accepted: ${name} from ${what}. See: pipecat cloud agent status ${name}`);
    return;
  }
  const latestDeploy = await followGitDeploy(context, name, commitSha || undefined, options.waitTimeout);
  context.result(
    { deployIntent, latestDeploy, waitOutcome: latestDeploy.status ?? 'succeeded' },
    () => `${context.colours.green('Ready:')} ${name} runs ${what}.`,
  );
}

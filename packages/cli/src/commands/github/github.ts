import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { checkRepository } from '../../lib/git-names.js';
import { type GithubInstallation, github } from '../../lib/github-calls.js';
import { openBrowser, whyNoBrowser } from '../../lib/oauth/reach.js';
import { createPatience } from '../../lib/patience.js';
import { fields } from '../../lib/table.js';
import { clean } from '../../lib/text.js';

/** Undefined where the organization is not connected. */
async function installed(api: Client, org: string): Promise<GithubInstallation | undefined> {
  try {
    return (await github(api).installation(org)).installation ?? undefined;
  } catch (error) {
    if (error instanceof ApiError && error.fromApi && error.status === 404) return undefined;
    throw error;
  }
}

export async function githubStatus(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const installation = await installed(api, org);
  context.result({ installation: installation ?? null }, () =>
    installation
      ? installationText(installation, context)
      : `${org} is not connected to GitHub. Connect it with: pipecat cloud github connect`,
  );
}

/** How long somebody may take in the browser. */
const patienceSeconds = 600;

export async function connectGithub(context: CommandContext, options: { existing?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  let installation = await installed(api, org);
  if (installation) {
    const found = installation;
    context.note(`${org} is connected already. To connect another account: pipecat cloud github disconnect`);
    return context.result({ installation: found, connected: true }, () => installationText(found, context));
  }
  const { url } = options.existing ? await github(api).linkUrl(org) : await github(api).installUrl(org);
  const opened = !whyNoBrowser(context.io) && (await openBrowser(url, context.io));
  context.note(opened ? 'A browser opens; finish there.' : `Open this in a browser, and finish there: ${url}`);
  context.progress.step('Waiting for GitHub');
  const until = performance.now() + patienceSeconds * 1000;
  const patient = createPatience();
  while (!installation) {
    if (performance.now() > until) {
      throw new CliError('Nobody finished in the browser.', {
        exit: exitCodes.timedOut,
        code: 'TIMEOUT',
        hint: 'Run it again. Where an owner had to approve the app, once they have: github connect --existing',
      });
    }
    await sleep(2000);
    installation = await patient(() => installed(api, org));
  }
  const connected = installation;
  context.result({ installation: connected, connected: true }, () => installationText(connected, context));
}

export async function disconnectGithub(context: CommandContext, options: { yes?: boolean }) {
  const org = await context.org();
  if (!options.yes) {
    await context.confirm(`Disconnect ${org} from GitHub? Links of its agents go with it; what runs goes on.`, '--yes');
  }
  await github(await context.api()).disconnect(org);
  context.result({ disconnected: true, organization: org }, () => `${org} is disconnected from GitHub.`);
  context.note('The app itself stays installed on GitHub until it is uninstalled there.');
}

export async function listRepositories(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { repositories } = await github(api).repositories(org);
  context.result({ repositories }, () =>
    context.list(
      'The GitHub app can see no repository. Give it some on GitHub.',
      ['REPOSITORY', 'DEFAULT BRANCH', 'VISIBILITY'],
      repositories.map((repository) => [
        repository.fullName,
        repository.defaultBranch ?? '-',
        repository.private ? 'private' : 'public',
      ]),
    ),
  );
}

export async function listBranches(context: CommandContext, repository: string, options: { query?: string }) {
  checkRepository(repository);
  const [api, org] = [await context.api(), await context.org()];
  const { branches } = await github(api).branches(org, repository, options.query);
  context.result({ repository, branches }, () =>
    context.list(
      `No branches${options.query ? ` that begin with ${options.query}` : ''} in ${repository}.`,
      ['BRANCH'],
      branches.map((branch) => [branch]),
    ),
  );
}

function installationText(installation: GithubInstallation, { colours }: CommandContext): string {
  const { githubAccountLogin = '-', githubAccountType = '-', githubInstallationId = '-', suspendedAt } = installation;
  return fields(
    [
      ['Account', clean(`${githubAccountLogin} (${githubAccountType})`)],
      ['Installation', clean(String(githubInstallationId))],
      ['State', suspendedAt ? colours.yellow(`suspended on GitHub since ${clean(suspendedAt)}`) : 'active'],
    ],
    colours.bold,
  );
}

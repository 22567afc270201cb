import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

export function addGithub(program: Command, run: Run): void {
  const github = program.command('github').description('GitHub: the repositories that agents are built from');
  const load = () => import('../commands/github/github.js');
  github
    .command('status')
    .description('Show what the organization is connected to')
    .addOption(organizationOption())
    .action(run(async () => (await load()).githubStatus));
  github
    .command('connect')
    .description('Connect the organization to GitHub, in a browser')
    .option('--existing', 'to an installation of the app that is on GitHub already')
    .addOption(organizationOption())
    .action(run(async () => (await load()).connectGithub));
  github
    .command('disconnect')
    .description('Disconnect the organization from GitHub')
    .option('-y, --yes', 'do not ask')
    .addOption(organizationOption())
    .action(run(async () => (await load()).disconnectGithub));
  github
    .command('repos')
    .description('List the repositories that the app can see')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listRepositories));
  github
    .command('branches')
    .description('List the branches of a repository')
    .argument('<repository>', 'owner/repository')
    .option('-q, --query <prefix>', 'only those that begin so')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listBranches));
}

import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, integer, organizationOption } from './options.js';

/** `agent link`, `unlink` and `deploy`: agents that are built from a repository on GitHub. */
export function addAgentGit(agent: Command, run: Run): void {
  const load = () => import('../commands/agent/git.js');
  const name = 'name of the agent';
  agent
    .command('link')
    .summary('Link an agent to a branch on GitHub')
    .description('Links an agent to a branch on GitHub, or changes its link. What runs stays until the next deploy.')
    .argument('<name>', name)
    .requiredOption('--repo <owner/repository>', 'repository')
    .requiredOption('--branch <branch>', 'branch to build and deploy')
    .option('--dockerfile-path <path>', 'Dockerfile inside the repository (default: Dockerfile)')
    .option('--subdirectory <path>', 'directory of the repository to build in')
    .addOption(new Option('--auto-deploy', 'deploy at each push (the default)'))
    .addOption(new Option('--no-auto-deploy', 'deploy only when asked'))
    .addOption(organizationOption())
    .action(run(async () => (await load()).linkAgent));
  agent
    .command('unlink')
    .description('Remove the link of an agent to GitHub; what runs goes on')
    .argument('<name>', name)
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await load()).unlinkAgent));
  agent
    .command('deploy')
    .description('Deploy the newest commit of the linked branch')
    .argument('<name>', name)
    .option('--github', 'from the linked branch; has to be said')
    .option('--wait', 'wait until it has succeeded or failed')
    .addOption(new Option('--wait-timeout <seconds>', 'how long at most').argParser(integer(1, 86_400)).default(1200))
    .addOption(organizationOption())
    .action(run(async () => (await load()).deployLinked));
}

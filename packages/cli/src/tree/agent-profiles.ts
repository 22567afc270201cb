import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

/** `agent profiles …`: named amounts of CPU and memory. */
export function addAgentProfiles(agent: Command, run: Run): void {
  const profiles = agent.command('profiles').description('Profiles: CPU and memory of agents, by name');
  const load = () => import('../commands/agent/profiles.js');
  const name = 'name of the profile';
  profiles
    .command('list')
    .description('List the profiles that an organization can deploy with')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listProfiles));
  profiles
    .command('create')
    .description('Make a profile of your own')
    .argument('<name>', name)
    .requiredOption('--cpu <quantity>', 'cores, for example 2 or 500m')
    .requiredOption('--memory <quantity>', 'for example 4Gi')
    .option('--display-name <text>', 'what people see (default: the name)')
    .addOption(organizationOption())
    .action(run(async () => (await load()).createProfile));
  profiles
    .command('update')
    .description('Change a profile of your own; agents get it with their next deployment')
    .argument('<name>', name)
    .option('--cpu <quantity>', 'cores; goes with --memory')
    .option('--memory <quantity>', 'memory; goes with --cpu')
    .option('--display-name <text>', 'what people see')
    .addOption(organizationOption())
    .action(run(async () => (await load()).updateProfile));
  profiles
    .command('disable')
    .description('Keep a profile from being chosen; agents that have it go on')
    .argument('<name>', name)
    .addOption(organizationOption())
    .action(run(async () => (await load()).disableProfile));
  profiles
    .command('enable')
    .description('Let a profile be chosen again')
    .argument('<name>', name)
    .addOption(organizationOption())
    .action(run(async () => (await load()).enableProfile));
}

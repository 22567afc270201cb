import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { configFileOption, organizationOption, percent } from './options.js';

/** What became of the deployments of an agent, and which takes its sessions. */
export function addAgentRollout(agent: Command, run: Run): void {
  agent
    .command('history')
    .summary('Show what became of the deployments of an agent')
    .description(
      'Lists the deployments of an agent, newest first: who made each and when, what it changed, what became of it and\n' +
        'why it failed.',
    )
    .argument('[name]', 'name of the agent (default: agent_name of the deploy file)')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/history.js')).agentHistory));
  agent
    .command('promote')
    .summary('Give a canary or a held deployment the new sessions')
    .description(
      'Gives the deployment that waits all new sessions: a canary, or one of deploy --no-promote. Sessions that run go on\n' +
        'where they are.',
    )
    .argument('[name]', 'name of the agent (default: agent_name of the deploy file)')
    .addOption(new Option('--canary <percent>', 'only this share of the new sessions').argParser(percent))
    .option('-d, --deployment <id>', 'refuse if another one waits than this')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/promote.js')).promoteAgent));
  agent
    .command('rollback')
    .summary('Make an older deployment live again, at once')
    .description(
      'Makes an older deployment live again, at once. Without an id: withdraws what is being rolled out; where nothing is,\n' +
        'goes back to the deployment before the live one. Sessions that run go on where they are.',
    )
    .argument('[name]', 'name of the agent (default: agent_name of the deploy file)')
    .argument('[deployment]', 'id of the deployment, or its beginning: see agent history')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/rollback.js')).rollBackAgent));
}

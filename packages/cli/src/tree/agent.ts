import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { configFileOption, integer, oneOf, organizationOption, regionOption } from './options.js';

const transports = ['websocket', 'webrtc', 'daily'] as const;
const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
const formats = ['TEXT', 'JSON'] as const;

export function addAgent(program: Command, run: Run): void {
  const agent = program.command('agent').description('Agents, their sessions and logs');
  const optionalName = 'name of the agent (default: agent_name of the deploy file)';

  agent
    .command('list')
    .description('List the agents of an organization')
    .addOption(regionOption('only those in this region'))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/list.js')).listAgents));
  agent
    .command('status')
    .description('Show what an agent runs and how it is')
    .argument('[name]', optionalName)
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/status.js')).agentStatus));
  agent
    .command('start')
    .summary('Start a session')
    .description('Starts a session of an agent and prints its id, with the address to connect to where there is one')
    .argument('[name]', optionalName)
    .option('-d, --data <json>', 'JSON that the agent gets as its body')
    .option('--data-file <path>', 'the same from a file, or - for standard input')
    .addOption(
      new Option('--transport <name>', `how clients connect: ${transports.join(', ')}`).argParser(oneOf(transports)),
    )
    .option('-D, --use-daily', 'create a Daily room for the session')
    .option('-p, --daily-properties <json>', 'JSON of room properties, with --use-daily')
    .option('-k, --api-key <key>', 'start with this public API key (pk_…) as an application would')
    .addOption(new Option('-f, --force', 'accepted for compatibility; nothing is asked').hideHelp())
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/start.js')).startAgent));
  agent
    .command('stop')
    .description('End one session at once')
    .argument('[name]', optionalName)
    .requiredOption('-s, --session-id <id>', 'session to end')
    .option('-f, --force', 'do not ask')
    .addOption(new Option('-y, --yes', 'do not ask').hideHelp())
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/stop.js')).stopSession));
  agent
    .command('sessions')
    .description('List the sessions of an agent, newest first, or show one with its CPU and memory')
    .argument('[name]', optionalName)
    .option('-i, --id <session>', 'show this session')
    .option('-n, --limit <count>', 'how many', integer(1, 1000))
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/sessions.js')).agentSessions));
  agent
    .command('logs')
    .description('Print the newest log lines of an agent, oldest first')
    .argument('[name]', optionalName)
    .addOption(new Option('-l, --level <level>', `only this level: ${levels.join(', ')}`).argParser(oneOf(levels)))
    .addOption(
      new Option('-f, --format <format>', 'TEXT, or JSON for one object per line')
        .argParser(oneOf(formats))
        .default('TEXT'),
    )
    .addOption(new Option('-n, --limit <count>', 'how many lines to fetch').argParser(integer(1, 10_000)).default(100))
    .option('-d, --deployment <id>', 'only this deployment')
    .option('-s, --session-id <id>', 'only this session')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/logs.js')).agentLogs));
  agent
    .command('delete')
    .description('Delete an agent; sessions that run go on to their end')
    .argument('<name>', 'name of the agent')
    .option('-f, --force', 'do not ask')
    .addOption(new Option('-y, --yes', 'do not ask').hideHelp())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/delete.js')).deleteAgent));
}

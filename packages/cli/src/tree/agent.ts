import { type Command, Option } from 'commander';
import { when } from '../lib/when.js';
import type { Run } from '../program.js';
import { addAgentGit } from './agent-git.js';
import { addAgentProfiles } from './agent-profiles.js';
import { addAgentRollout } from './agent-rollout.js';
import {
  configFileOption,
  hiddenDeployConfig,
  hiddenYes,
  integer,
  integerOrNone,
  oneOf,
  organizationOption,
  regionOption,
  reuseOptions,
  unlessEmpty,
} from './options.js';

const transports = ['websocket', 'webrtc', 'daily'] as const;
const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
const formats = ['TEXT', 'JSON'] as const;

/** Known ways to end; a word that isn't here goes to the server all the same, which may know more. */
const endStates = [
  'active',
  'completed',
  'ended_before_agent_start',
  'agent_start_timeout',
  'terminated',
  'agent_error',
  'unknown',
] as const;
const endState = Object.assign((text: string) => text, { words: endStates });

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
    .option('--wait-seconds <seconds>', 'how long to wait for a place where all are taken', integer(0, 300))
    .option('--idempotency-key <key>', 'sent again with the same key and data, it starts no second session')
    .addOption(new Option('-f, --force', 'accepted for compatibility; nothing is asked').hideHelp())
    .addOption(configFileOption())
    .addOption(hiddenDeployConfig())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/start.js')).startAgent));
  agent
    .command('stop')
    .description('End one session at once')
    .argument('[name]', optionalName)
    .requiredOption('-s, --session-id <id>', 'session to end', unlessEmpty)
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(configFileOption())
    .addOption(hiddenDeployConfig())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/stop.js')).stopSession));
  agent
    .command('sessions')
    .description('List the sessions of an agent, newest first, or show one with its CPU and memory')
    .argument('[name]', optionalName)
    .option('-i, --id <session>', 'show this session', unlessEmpty)
    .option('-n, --limit <count>', 'how many', integer(1, 1000))
    .addOption(
      new Option('--end-state <state>', `only those that ended so: ${endStates.join(', ')}`).argParser(endState),
    )
    .addOption(configFileOption())
    .addOption(hiddenDeployConfig())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/sessions.js')).agentSessions));
  agent
    .command('session')
    .description('One session')
    .command('trace')
    .summary('Show where the time went when a session started')
    .description(
      'Shows what the start of a session waited for, step by step: a free instance, its image, its boot, its acceptance.',
    )
    .argument('<session>', 'id of the session')
    .argument('[name]', optionalName)
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/session-trace.js')).sessionTrace));
  agent
    .command('logs')
    .summary('Print the log of an agent')
    .description(
      'Prints the newest log lines of an agent, oldest first. With --follow goes on with what comes, until it is\n' +
        'interrupted; with a session too, to the end of that.',
    )
    .argument('[name]', optionalName)
    .addOption(new Option('-l, --level <level>', `only this level: ${levels.join(', ')}`).argParser(oneOf(levels)))
    .addOption(
      new Option('-f, --format <format>', 'TEXT, or JSON for one object per line')
        .argParser(oneOf(formats))
        .default('TEXT'),
    )
    .addOption(
      new Option('-n, --limit <count>', 'how many lines to fetch; with --follow at most 10000 from before')
        .argParser(integer(1, Number.MAX_SAFE_INTEGER))
        .default(100),
    )
    .option('-d, --deployment <id>', 'only this deployment', unlessEmpty)
    .option('-s, --session-id <id>', 'only this session', unlessEmpty)
    .option('--query <text>', 'only lines that contain this, in upper or lower case')
    .option('--since <time>', 'only lines from then on: a time, or how long ago: 30m, 12h, 7d', when)
    .option('--until <time>', 'only lines up to then', when)
    .option('-F, --follow', 'go on with lines as they come')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/logs.js')).agentLogs));
  agent
    .command('log-retention')
    .summary('Show or set what is kept of the log of an agent')
    .description(
      'Shows for how long lines of an agent are kept, and how many. With an option it sets that limit; the limits of the\n' +
        'installation hold beside it.',
    )
    .argument('[name]', optionalName)
    .option('--days <count>', 'days, or none to leave it to the installation', integerOrNone(1, 3650))
    .option('--megabytes <count>', 'MiB, or none to leave it to the installation', integerOrNone(1, 1_048_576))
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/log-retention.js')).agentLogRetention));
  agent
    .command('deployments')
    .description('List the deployments of an agent, newest first')
    .argument('[name]', optionalName)
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/deployments.js')).agentDeployments));
  agent
    .command('capacity')
    .summary('Show what is warm, and why so many')
    .description('Shows the instances of an agent, how many idle ones are kept, and why: each change with its reason.')
    .argument('[name]', optionalName)
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/capacity.js')).agentCapacity));
  const scale = agent.command('scale');
  scale
    .summary('Change how many instances an agent has, and how often each serves')
    .description(
      'Changes how many instances an agent keeps warm and may have, and how often each serves, without a new deployment.',
    )
    .argument('[name]', optionalName)
    .option('--min-agents <count>', 'agents kept warm', integer(0, Number.MAX_SAFE_INTEGER))
    .option('--max-agents <count>', 'agents at most', integer(1, Number.MAX_SAFE_INTEGER))
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/scale.js')).scaleAgent));
  for (const option of reuseOptions()) scale.addOption(option);
  agent
    .command('delete')
    .description('Delete an agent; sessions that run go on to their end')
    .argument('<name>', 'name of the agent')
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/agent/delete.js')).deleteAgent));
  addAgentRollout(agent, run);
  addAgentGit(agent, run);
  addAgentProfiles(agent, run);
}

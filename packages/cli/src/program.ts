import { Command, Option } from 'commander';
import type { CommandContext, GlobalFlags } from './lib/context.js';
import type { Io } from './lib/io.js';
import { outputModes } from './lib/output-mode.js';
import { version } from './lib/version.js';
import { addAgent } from './tree/agent.js';
import { addAudit } from './tree/audit.js';
import { addAuth } from './tree/auth.js';
import { addBuild } from './tree/build.js';
import { addDeploy } from './tree/deploy.js';
import { addDocker } from './tree/docker.js';
import { addDoctor } from './tree/doctor.js';
import { addGithub } from './tree/github.js';
import { addOpen } from './tree/open.js';
import { forgetEmpty, oneOf } from './tree/options.js';
import { addOrganizations } from './tree/organizations.js';
import { addRegions } from './tree/regions.js';
import { addSecrets } from './tree/secrets.js';
import { addServiceAccounts } from './tree/service-accounts.js';
import { addSpendLimit } from './tree/spend-limit.js';
import { addToken } from './tree/token.js';
import { addTokenScan } from './tree/token-scan.js';
import { addUsage } from './tree/usage.js';

export interface ProgramDeps {
  io: Io;
  begin(flags: GlobalFlags): CommandContext;
  writeOut(text: string): void;
  writeErr(text: string): void;
  /** The first word of the command line. Where it names a group, only that one is built: the whole tree takes milliseconds. */
  asked?: string | undefined;
}

/** A command's handler: the context, then its arguments in order, then its options. */
export type Handler = (context: CommandContext, ...args: never[]) => Promise<void>;
/** Wraps the import of a handler, so that a command's code loads when it runs. */
export type Run = (load: () => Promise<Handler>) => (...received: unknown[]) => Promise<void>;

/** The whole command tree. Parsing throws `CommanderError` in place of ending the process. */
export function createProgram({ io, begin, writeOut, writeErr, asked }: ProgramDeps): Command {
  const name = io.executable === 'pipecat' ? 'pipecat cloud' : io.executable;
  const program = new Command(name)
    .description('Deploy and run voice agents on a Pipecat Cloud of your own.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    // A command may have a --version of its own.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({
      writeOut,
      writeErr,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: false })
    .addOption(jsonOption())
    .addOption(outputOption())
    .option('--show-cli-config', 'print settings and where each comes from')
    .addHelpText('after', () => topics);

  const run: Run =
    (load) =>
    async (...received) => {
      const command = received.at(-1) as Command;
      forgetEmpty(command);
      const context = begin(command.optsWithGlobals<GlobalFlags>());
      const handler = await load();
      await (handler as (context: CommandContext, ...args: unknown[]) => Promise<void>)(
        context,
        ...received.slice(0, -1),
      );
    };

  for (const [word, add] of Object.entries(groups)) {
    if (asked === undefined || asked === word || !Object.hasOwn(groups, asked)) add(program, run);
  }
  program
    .command('completion')
    .summary('Print a completion script')
    .description('Prints a script that completes commands, options and their values: source <(pipecat completion bash)')
    .argument('<shell>', 'bash, zsh or fish', oneOf(['bash', 'zsh', 'fish']))
    .action(
      run(async () => {
        const { printCompletion } = await import('./commands/completion/completion.js');
        return (context, ...[shell]: ['bash' | 'zsh' | 'fish']) => printCompletion(context, program, shell);
      }),
    );
  inherit(program);
  return program;
}

/** What adds each group, in the order of the help. */
const groups: Record<string, (program: Command, run: Run) => unknown> = {
  auth: addAuth,
  token: (program, run) => addTokenScan(addToken(program, run), run),
  'service-accounts': addServiceAccounts,
  organizations: addOrganizations,
  regions: addRegions,
  deploy: addDeploy,
  agent: addAgent,
  build: addBuild,
  secrets: addSecrets,
  docker: addDocker,
  github: addGithub,
  'spend-limit': addSpendLimit,
  usage: addUsage,
  audit: addAudit,
  open: addOpen,
  doctor: addDoctor,
};

/** Read before the line is parsed, wherever it stands; stands here to be explained. */
export function jsonOption(): Option {
  return new Option('--json', 'print exactly one JSON document');
}

export function outputOption(): Option {
  return new Option(
    '--output <mode>',
    `how to print: ${outputModes.join(', ')} (default: rich on a terminal, else plain)`,
  ).argParser(oneOf(outputModes));
}

function inherit(command: Command): void {
  for (const child of command.commands) {
    child.helpCommand(false).exitOverride().copyInheritedSettings(command);
    if (child.commands.length === 0) child.addOption(jsonOption());
    child.helpOption('-h, --help', 'explain this command');
    inherit(child);
  }
}

const topics = `
Settings (option, variable, then ~/.config/pipecatcloud/pipecatcloud.toml):
  PIPECAT_TOKEN         personal access token, pcc_pat_…
  PIPECAT_ORG           organization
  PIPECAT_API_HOST      address of the API, by default http://localhost:7400
  PIPECAT_CONFIG_PATH   credentials file
  PIPECAT_OUTPUT        rich, plain or json

Exit codes:
  0 done · 1 failed · 2 usage · 4 no credential · 5 credential rejected
  6 forbidden · 7 wrong organization · 8 not found · 9 conflict or not ready
  10 timed out · 11 at capacity · 12 server or network

Something wrong? Run: pipecat cloud doctor`;

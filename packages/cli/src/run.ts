import { CommanderError } from 'commander';
import { type CommandContext, createContext, type GlobalFlags } from './lib/context.js';
import { CliError, exitCodes, usageError } from './lib/errors.js';
import type { Io } from './lib/io.js';
import { describeError } from './lib/report-error.js';
import { coloursFor } from './lib/text.js';
import { createProgram } from './program.js';

/** Runs one command line to its end and returns the exit code. Everything printed went through `io`. */
export async function runCli(io: Io): Promise<number> {
  const args = normalise(io.argv);
  const json = asksForJson(args);
  let context: CommandContext | undefined;
  let help = '';
  let complaint = '';
  const program = createProgram({
    io,
    asked: args.find((arg) => !arg.startsWith('-')),
    begin: (flags: GlobalFlags) => {
      context = createContext(io, { ...flags, json });
      return context;
    },
    writeOut: (text) => {
      help += text;
    },
    writeErr: (text) => {
      complaint += text;
    },
  });
  try {
    if (args.includes('--show-cli-config') && args.every((arg) => arg.startsWith('-'))) {
      context = createContext(io, { json });
      await (await import('./commands/show-config.js')).showConfig(context);
      return exitCodes.done;
    }
    await program.parseAsync([...args], { from: 'user' });
    warnOfExpiry(context);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(io, json, error, context);
    // No command at all asks what there is.
    if (error.code === 'commander.help' && args.every((arg) => arg.startsWith('-'))) program.outputHelp();
    if (error.exitCode === 0 || help) {
      io.stdout.write(json ? `${JSON.stringify({ help })}\n` : help);
      return exitCodes.done;
    }
    if (error.code === 'commander.help' && !json) {
      // A group without its verb: the list of verbs is the answer.
      io.stderr.write(complaint);
      return exitCodes.usage;
    }
    const [first, ...rest] = complaint.trim().split('\n');
    const message = error.code === 'commander.help' ? 'A command is missing.' : (first ?? error.message);
    const hint = error.code === 'commander.help' ? undefined : rest.join(' ').trim();
    return fail(
      io,
      json,
      usageError(
        message.replace(/^error: (.)/, (_, letter: string) => letter.toUpperCase()),
        hint,
      ),
      context,
    );
  }
}

function warnOfExpiry(context: CommandContext | undefined): void {
  const warning = context?.expiry.warning(new Date());
  if (warning) context?.warn(warning);
}

function fail(io: Io, json: boolean, error: unknown, context: CommandContext | undefined): number {
  context?.progress.stop();
  warnOfExpiry(context);
  const { exit, hint, ...report } = describeError(error, context?.known());
  if (json) {
    const data = error instanceof CliError ? error.data : undefined;
    io.stdout.write(`${JSON.stringify({ ...report, ...(hint ? { hint } : {}), ...data }, null, 2)}\n`);
  } else {
    const colours = coloursFor(io.stderr, io.env);
    io.stderr.write(`${colours.red('Error:')} ${report.error}\n${hint ? `${hint}\n` : ''}`);
  }
  if (io.env.PIPECAT_CLI_LOG_LEVEL?.toUpperCase() === 'DEBUG' && error instanceof Error) {
    io.stderr.write(`${error.stack}\n`);
  }
  return exit;
}

/** `pipecat cloud agent list`, `pcc agent list`, and each with and without `cloud`, are one and the same. */
function normalise(argv: readonly string[]): readonly string[] {
  const first = argv.findIndex((arg) => !arg.startsWith('-'));
  const rest = first >= 0 && argv[first] === 'cloud' ? argv.filter((_, index) => index !== first) : argv;
  if (rest.find((arg) => !arg.startsWith('-')) !== 'deploy') return rest;
  // Official clients spell these with one dash, which option parsers of today read as letters (contract §4.6).
  return rest.map((arg) => {
    const [name, ...value] = arg.split('=');
    const long = name && oneDash[name];
    return long ? [long, ...value].join('=') : arg;
  });
}

const oneDash: Record<string, string> = {
  '-min': '--min-agents',
  '-max': '--max-agents',
  '-nc': '--no-credentials',
  '-krisp': '--enable-krisp',
};

/** Known before parsing, because a wrong command line must be answered in JSON too. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

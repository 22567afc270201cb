import { CommanderError } from 'commander';
import { normalise } from './lib/command-line.js';
import { type CommandContext, createContext, type GlobalFlags } from './lib/context.js';
import { CliError, exitCodes, usageError } from './lib/errors.js';
import type { Io } from './lib/io.js';
import { type OutputMode, outputMode, takeOutputOptions } from './lib/output-mode.js';
import { describeError } from './lib/report-error.js';
import { coloursFor } from './lib/text.js';
import { version } from './lib/version.js';
import { createProgram } from './program.js';

/** Runs one command line to its end and returns the exit code. Everything printed went through `io`. */
export async function runCli(io: Io): Promise<number> {
  const { rest, asked } = takeOutputOptions(io.argv);
  const args = normalise(rest);
  let output: OutputMode = asked === 'json' ? 'json' : 'plain';
  let context: CommandContext | undefined;
  let help = '';
  let complaint = '';
  const program = createProgram({
    io,
    asked: args.find((arg) => !arg.startsWith('-')),
    begin: (flags: GlobalFlags) => {
      context = createContext(io, flags, output);
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
    output = await outputMode(io, asked);
    if (args.includes('--show-cli-config') && args.every((arg) => arg.startsWith('-'))) {
      context = createContext(io, {}, output);
      await (await import('./commands/show-config.js')).showConfig(context);
      return exitCodes.done;
    }
    await program.parseAsync([...args], { from: 'user' });
    warnOfExpiry(context);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(io, output === 'json', error, context);
    // No command at all asks what there is.
    if (error.code === 'commander.help' && args.every((arg) => arg.startsWith('-'))) program.outputHelp();
    if (error.exitCode === 0 || help) {
      const asked = error.code === 'commander.version' ? { version } : { help };
      io.stdout.write(output === 'json' ? `${JSON.stringify(asked)}\n` : help);
      return exitCodes.done;
    }
    if (error.code === 'commander.help' && output !== 'json') {
      // A group without its verb: the list of verbs is the answer.
      io.stderr.write(complaint);
      return exitCodes.usage;
    }
    const [first, ...rest] = complaint.trim().split('\n');
    const message = error.code === 'commander.help' ? 'A command is missing.' : (first ?? error.message);
    const hint = error.code === 'commander.help' ? undefined : rest.join(' ').trim();
    return fail(
      io,
      output === 'json',
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

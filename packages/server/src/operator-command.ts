import { redact } from '@pipecat-cloud/contract/token-format';
import type { Environment } from './config/env.js';

/** Where a command of the operator speaks. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

interface OperatorCommand<Options> {
  usage: string;
  /** What stands before the reason where it fails. */
  failure: string;
  /** Throws at arguments that make no sense. */
  read(args: string[]): Options;
  /** Answers the exit code; an error is 1. */
  run(options: Options, environment: Environment, io: Output): Promise<number>;
}

/** A command for whoever runs the installation, beside its parts. It answers the exit code, 2 for a wrong usage, and never throws. */
export function operatorCommand<Options extends { help: boolean }>(command: OperatorCommand<Options>) {
  return async (args: string[], environment: Environment, io: Output): Promise<number> => {
    let options: Options;
    try {
      options = command.read(args);
    } catch (error) {
      io.err(`${(error as Error).message}\n${command.usage}`);
      return 2;
    }
    if (options.help) {
      io.out(command.usage);
      return 0;
    }
    try {
      return await command.run(options, environment, io);
    } catch (error) {
      io.err(`${command.failure}: ${redact(error instanceof Error ? error.message : String(error))}`);
      return 1;
    }
  };
}

/** Runs one as this process. */
export async function asProcess(command: ReturnType<typeof operatorCommand>): Promise<void> {
  const { argv, env, stdout, stderr } = process;
  process.exitCode = await command(argv.slice(2), env, {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
  });
}

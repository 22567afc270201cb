import type { Command } from 'commander';
import type { CommandContext } from '../../lib/context.js';
import { collectWords } from './command-words.js';
import { bash, fish, zsh } from './shell-scripts.js';

export const shells = { bash, zsh, fish } as const;

/** Prints a script for one shell. It asks nothing of the network: the command tree is all it knows. */
export async function printCompletion(
  context: CommandContext,
  program: Command,
  shell: keyof typeof shells,
): Promise<void> {
  const script = shells[shell](collectWords(program));
  context.result({ shell, script }, () => script);
}

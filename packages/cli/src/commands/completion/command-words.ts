import type { Argument, Command, Option } from 'commander';
import { choicesOf } from '../../tree/options.js';

/** What a shell needs to know of the tree: all of it is in the script, so that completing asks nothing of anybody. */
export interface CommandWords {
  /** By path (`agent logs`, the program itself is empty): subcommands and options. */
  words: ReadonlyMap<string, readonly string[]>;
  /** By `path|option`: what its value may be; nothing where that is free. Options without a value are left out. */
  values: ReadonlyMap<string, readonly string[]>;
  /** By `path#position`, from 1: what an argument may be. */
  arguments: ReadonlyMap<string, readonly string[]>;
}

export function collectWords(program: Command): CommandWords {
  const words = new Map<string, string[]>();
  const values = new Map<string, readonly string[]>();
  const argumentsOf = new Map<string, readonly string[]>();

  function visit(command: Command, path: string): void {
    const options = command.options.filter(({ hidden }) => !hidden);
    const children = command.commands.map((child) => child.name());
    words.set(path, [...children, ...options.map(({ long, flags }) => long ?? flags), '--help']);
    for (const option of command.options) addValues(option, path);
    command.registeredArguments.forEach((argument: Argument, index) => {
      const choices = choicesOf(argument);
      if (choices.length > 0) argumentsOf.set(`${path}#${index + 1}`, choices);
    });
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim());
  }

  function addValues(option: Option, path: string): void {
    if (!option.required && !option.optional) return;
    for (const name of [option.short, option.long]) if (name) values.set(`${path}|${name}`, choicesOf(option));
  }

  visit(program, '');
  words.get('')?.unshift('cloud');
  // Understood anywhere on the line.
  const output = values.get('|--output') ?? [];
  for (const path of words.keys()) values.set(`${path}|--output`, output);
  return { words, values, arguments: argumentsOf };
}

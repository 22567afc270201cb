import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { Io } from './lib/io.js';
import { createProgram } from './program.js';

function tree(asked?: string): Command {
  const nothing = () => undefined;
  const io = { executable: 'pipecat', stdout: { columns: 80 }, stderr: { columns: 80 } } as unknown as Io;
  const begin = () => {
    throw new Error('No command runs here');
  };
  return createProgram({ io, begin, writeOut: nothing, writeErr: nothing, asked });
}

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const path = (command: Command): string => (command.parent ? `${path(command.parent)} ${command.name()}`.trim() : '');

describe('the whole command tree', () => {
  test.each(all(tree()).map((command) => [path(command), command] as const))('%s explains itself', (name, command) => {
    expect(command.description()).not.toBe('');
    for (const argument of command.registeredArguments) expect(argument.description).toBeTruthy();
    for (const option of command.options)
      expect({ flags: option.flags, text: option.description || option.hidden }).toMatchObject({
        text: expect.anything(),
      });
    const flags = command.options.flatMap(({ short, long }) => [short, long]).filter(Boolean);
    expect(new Set(flags).size).toBe(flags.length);
    const help = command.helpInformation();
    expect(help).not.toMatch(/undefined|\[object/);
    if (name) expect(help).toContain(`Usage: pipecat cloud ${name}`);
  });

  test('no option takes a secret by its value', () => {
    // A set, a file and a listed thing are named; a value would stand in process lists and shell histories.
    const names = /[<[](set|path|id|token|token=service-account|count|days|what|who)[>\]]/;
    const taking = all(tree()).flatMap((command) =>
      command.options
        .filter(
          ({ flags }) => /secret|password|token|credential/i.test(flags) && /[<[]/.test(flags) && !names.test(flags),
        )
        .map(({ flags }) => `${path(command)} ${flags}`),
    );
    expect(taking).toEqual([]);
  });
});

test('a group that is asked for is the same, built alone', () => {
  const whole = tree();
  for (const group of whole.commands) {
    const alone = tree(group.name()).commands.find((command) => command.name() === group.name());
    expect(alone && all(alone).map((command) => command.helpInformation())).toEqual(
      all(group).map((command) => command.helpInformation()),
    );
  }
  // A word that is none gets the whole tree, so that the right one can be suggested.
  expect(tree('agnt').commands.map((command) => command.name())).toEqual(
    whole.commands.map((command) => command.name()),
  );
});

import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Io } from '../lib/io.js';
import { createProgram } from '../program.js';
import { printResult, printSchema } from './print-schema.js';
import { jsonResults } from './results.js';
import { shapes } from './shapes.js';

function leaves(command: Command, path = ''): string[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`.trim()));
}

test('every command says what its JSON is, and nothing is described that is no command', () => {
  const nothing = () => undefined;
  const io = { executable: 'pipecat', stdout: {}, stderr: {} } as unknown as Io;
  const begin = () => {
    throw new Error('No command runs here');
  };
  const program = createProgram({ io, begin, writeOut: nothing, writeErr: nothing });
  expect(Object.keys(jsonResults).sort()).toEqual(leaves(program).sort());
});

test('every description and shape can be read', () => {
  for (const schema of [
    ...Object.values(jsonResults).map(printResult),
    ...Object.values(shapes).map((one) => printSchema(one)),
  ]) {
    expect(schema).not.toMatch(/undefined|\[object/);
    expect(schema.length).toBeGreaterThan(3);
  }
  expect(printResult(jsonResults['agent list'] ?? {})).toBe('{ agents: ServiceSummary[] }');
});

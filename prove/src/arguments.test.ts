import { expect, test } from 'vitest';
import { readArguments } from './arguments.js';

test('five minutes on local processes with SQLite, by a seed that is told', () => {
  const { seed, ...rest } = readArguments([]);
  expect(seed).toMatch(/^\d+$/);
  const choices = { only: [], keep: false, evidence: undefined };
  expect(rest).toEqual({ minutes: 5, driver: 'process', database: 'sqlite', ...choices });
});

test.each([
  [['--minutes', '0']],
  [['--minutes', 'soon']],
  [['--driver', 'podman']],
  [['--database', 'mysql']],
  [['--sead', '1']],
])('%j is refused', (args) => {
  expect(() => readArguments(args)).toThrow(/--/);
});

import { expect, test } from 'vitest';
import { DriverError } from '../driver.js';
import { parseLocalSection, parseProjectDependencies } from './deploy-file.js';

const local = (lines: string) => parseLocalSection(`agent_name = "bot"\n[local]\n${lines}`);

test('a file without [local] says nothing', () => {
  expect(parseLocalSection('agent_name = "bot"\nimage = "x"\n')).toBeUndefined();
});

test.each([
  ['command = ["node", "bot.ts", "a b"]', { setup: [], command: ['node', 'bot.ts', 'a b'] }],
  ['command = " node  bot.ts "', { setup: [], command: ['node', 'bot.ts'] }],
  ['setup = ["npm", "ci"]\ncommand = "x"', { setup: [['npm', 'ci']], command: ['x'] }],
  ['setup = "npm ci"\ncommand = "x"', { setup: [['npm', 'ci']], command: ['x'] }],
  [
    'setup = [["npm", "ci"], "npm prune"]\ncommand = "x"',
    {
      setup: [
        ['npm', 'ci'],
        ['npm', 'prune'],
      ],
      command: ['x'],
    },
  ],
  ['setup = []\ncommand = "x"', { setup: [], command: ['x'] }],
])('%s', (lines, expected) => {
  expect(local(lines)).toEqual(expected);
});

test.each([
  ['setup = "npm ci"', 'without command'],
  ['command = []', 'no list of strings'],
  ['command = ["node", 1]', 'no list of strings'],
  ['command = ""', 'no list of strings'],
  ['command = "a && b"', 'only a shell understands'],
  ['command = "echo $HOME"', 'only a shell understands'],
  ['setup = [["npm"], 3]\ncommand = "x"', 'no list of strings'],
  ['command = [', 'no valid TOML'],
])('%s is refused', (lines, message) => {
  expect(() => local(lines)).toThrow(DriverError);
  expect(() => local(lines)).toThrow(message);
});

test('[local] must be a table', () => {
  expect(() => parseLocalSection('local = 1')).toThrow('no table');
});

test('dependencies of a project are read, and none may smuggle in an option', () => {
  expect(parseProjectDependencies('[project]\ndependencies = ["a>=1", "b[c]"]')).toEqual(['a>=1', 'b[c]']);
  expect(parseProjectDependencies('[tool.x]\n')).toEqual([]);
  expect(() => parseProjectDependencies('[project]\ndependencies = ["a\\n--index-url http://x"]')).toThrow(DriverError);
});

import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { normalise } from '../lib/command-line.js';
import { endpointPaths } from '../lib/endpoint-paths.js';
import type { Io } from '../lib/io.js';
import { takeOutputOptions } from '../lib/output-mode.js';
import { createProgram } from '../program.js';

interface Catalogue {
  commands: {
    command: string;
    versions: string[];
    arguments: { name: string; required: boolean; variadic?: boolean }[];
    options: { names: string[]; value: boolean; versions?: string[] }[];
  }[];
  environment: string[];
}

/** What the released official clients take, read from their own command trees. */
const catalogue = JSON.parse(readFileSync(new URL('catalogue.json', import.meta.url), 'utf8')) as Catalogue;

/** Values that an option or argument takes, where not every text will do. */
const values: Record<string, string> = {
  '--output': 'plain',
  '--limit': '7',
  '--level': 'WARNING',
  '--format': 'JSON',
  '--min-agents': '1',
  '--max-agents': '2',
  '--min-instances': '1',
  '--max-instances': '2',
  '--max-session-duration': '600',
  '--krisp-viva-audio-filter': 'tel',
  '--resources': 'cpu=2,memory=4Gi',
  '--architecture': 'arm64',
  '--default-architecture': 'arm64',
  '--architectures': 'amd64,arm64',
  '--registry': 'dockerhub',
  'build list --status': 'success',
};
const valueFor = (command: string, name: string) => values[`${command} ${name}`] ?? values[name] ?? 'text';

class Reached extends Error {}

/** Parses a line as the executable would, up to where the command itself would begin. */
async function parse(line: readonly string[]): Promise<string> {
  const nothing = () => undefined;
  let complaint = '';
  const io = { executable: 'pipecat', stdout: {}, stderr: {} } as unknown as Io;
  const program = createProgram({
    io,
    begin: () => {
      throw new Reached();
    },
    writeOut: nothing,
    writeErr: (text) => {
      complaint += text;
    },
  });
  try {
    await program.parseAsync([...normalise(takeOutputOptions(line).rest)], { from: 'user' });
  } catch (error) {
    if (error instanceof Reached) return 'reached';
    if (error instanceof CommanderError && error.code === 'commander.version') return 'version';
    return complaint || String(error);
  }
  return 'nothing ran';
}

const required = ({ command, options }: Catalogue['commands'][number], but?: string) =>
  options
    .filter(({ names }) => mandatory[command]?.includes(names[0] ?? '') && names[0] !== but)
    .flatMap(({ names }) => [names[0] ?? '', valueFor(command, names[0] ?? '')]);
/** Options that these commands can't do without. */
const mandatory: Record<string, string[]> = {
  'agent stop': ['--session-id'],
  'agent link': ['--repo', '--branch'],
  'agent profiles create': ['--cpu', '--memory'],
  'secrets reference': ['--region'],
};

const commands = catalogue.commands.filter(({ command }) => command !== '');

describe.each(commands.map((entry) => [entry.command, entry] as const))('%s', (command, entry) => {
  const words = command.split(' ');
  const all = entry.arguments.map(() => 'text');

  test('takes its arguments, all of them and only those that must be', async () => {
    expect(await parse([...words, ...all, ...required(entry)])).toBe('reached');
    const few = entry.arguments.filter((argument) => argument.required).map(() => 'text');
    // Official clients declare these optional, and refuse to go on without.
    const least = command === 'secrets unset' ? all : few;
    expect(await parse([...words, ...least, ...required(entry)])).toBe('reached');
    if (entry.arguments.some(({ variadic }) => variadic)) {
      expect(await parse([...words, ...all, 'A=1', 'B=2'])).toBe('reached');
    }
  });

  test.each(entry.options.flatMap(({ names, value }) => names.map((name) => [name, value, names[0] ?? ''] as const)))(
    'takes %s',
    async (name, value, long) => {
      const given = value ? [name, valueFor(command, long)] : [name];
      const line = [...words, ...all, ...required(entry, long), ...given];
      expect(await parse(line)).toBe('reached');
      expect(await parse(['cloud', ...words, ...given, ...all, ...required(entry, long)])).toBe('reached');
      if (value && name.startsWith('--')) {
        expect(await parse([...words, ...all, ...required(entry, long), `${name}=${given[1]}`])).toBe('reached');
      }
      // What it needs, it needs here too: a flag that were taken for one would swallow nothing.
      if (value) expect(await parse([...words, ...all, ...required(entry, long), name])).toContain('argument missing');
    },
  );
});

test('options of the program itself', async () => {
  expect(await parse(['--version'])).toBe('version');
  expect(await parse(['--output', 'json', 'agent', 'list'])).toBe('reached');
  expect(await parse(['cloud', '--output=plain', 'agent', 'list'])).toBe('reached');
});

describe('environment', () => {
  /** Accepted and without effect here, each with the reason. */
  const without: Record<string, string> = {
    PIPECAT_INIT_ZIP_URL: 'a leftover that no command of the official client reads',
    PIPECAT_ONBOARDING_PATH: 'the same',
    PIPECAT_LOGIN_PATH: 'the same',
    PIPECAT_LOGIN_STATUS_PATH: 'the same',
    PIPECAT_USER_CONFIG_PATH: 'shown in a dump of settings only; PIPECAT_CONFIG_PATH names the file',
    PIPECAT_REFRESH_TOKEN: 'works once, so a variable can not hold it; doctor says so',
    PIPECAT_TOKEN_EXPIRES_AT: 'goes with it',
    PIPECAT_DEFAULT_PUBLIC_KEY_NAME: 'shown in dialogues of the official client only',
  };
  const sources = ['context', 'settings', 'config-file', 'deploy-file', 'output-mode']
    .map((name) => readFileSync(new URL(`../lib/${name}.ts`, import.meta.url), 'utf8'))
    .concat(readFileSync(new URL('../run.ts', import.meta.url), 'utf8'))
    .join('\n');

  test.each(catalogue.environment)('%s is read, or it is said why not', (name) => {
    const key = name.replace('PIPECAT_', '').toLowerCase();
    if (without[name]) return expect(Object.hasOwn(endpointPaths, key)).toBe(false);
    expect(Object.hasOwn(endpointPaths, key) || sources.includes(name) || sources.includes(`'${key}'`)).toBe(true);
  });
});

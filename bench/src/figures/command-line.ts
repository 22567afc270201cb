import { startCloud } from '../cloud.js';
import { commandLine, runNode } from '../commands.js';
import { plainEnvironment } from '../environment.js';
import type { Figure, FigureContext, Measurement } from '../figure.js';
import type { Resources } from '../resources.js';
import { spreadOf } from '../statistics.js';

const rounds = 25;
const warmUps = 3;

interface Command {
  name: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  /** At most so many times what Node alone takes. */
  atMost: number;
}

/** A command in turn with Node alone doing nothing. */
async function compare({ resources, progress }: FigureContext, command: Command): Promise<Measurement[]> {
  const { name, args, env, cwd, atMost } = command;
  const run = async (given: readonly string[]) => (await runNode(resources, given, { env, cwd })).ms;
  const nothing = ['-e', '0'];
  for (let round = 0; round < warmUps; round++) await Promise.all([run(nothing), run(args)]);
  const measured: { command: number; node: number }[] = [];
  progress(`${rounds} rounds`);
  for (let round = 0; round < rounds; round++) {
    const commandFirst = round % 2 === 0;
    const first = await run(commandFirst ? args : nothing);
    const second = await run(commandFirst ? nothing : args);
    measured.push(commandFirst ? { command: first, node: second } : { command: second, node: first });
  }
  const { median, min, max } = spreadOf(measured.map((round) => round.command / round.node));
  const ms = (key: 'command' | 'node') => `${spreadOf(measured.map((round) => round[key])).median.toFixed(1)} ms`;
  const note = `${ms('command')} against ${ms('node')} for node -e 0`;
  return [{ name, value: median, unit: 'x', goal: { kind: 'atMost', value: atMost }, min, max, rounds, note }];
}

async function emptyHome(resources: Resources): Promise<{ env: Record<string, string>; cwd: string }> {
  const home = await resources.folder('home');
  return { env: plainEnvironment({ HOME: home }), cwd: home };
}

export const cliVersion: Figure = {
  name: 'cli-version',
  about: 'time of `pipecat --version`, as a multiple of `node -e 0`',
  async measure(context) {
    const home = await emptyHome(context.resources);
    return await compare(context, { name: 'cli-version', args: [commandLine, '--version'], ...home, atMost: 2 });
  },
};

export const cliList: Figure = {
  name: 'cli-list',
  about: 'time of `pipecat cloud agent list` against a running server, as a multiple of `node -e 0`',
  async measure(context) {
    const { commandEnvironment: env, home: cwd } = await startCloud(context.resources);
    const args = [commandLine, 'cloud', 'agent', 'list'];
    return await compare(context, { name: 'cli-list', args, env, cwd, atMost: 4 });
  },
};

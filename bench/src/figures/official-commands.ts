import { type Cloud, startCloud } from '../cloud.js';
import { commandLine, runNode, runProgram } from '../commands.js';
import type { Figure, FigureContext, Measurement } from '../figure.js';
import { type OfficialClient, obtainOfficialClient } from '../official-client.js';
import { spreadOf } from '../statistics.js';

const rounds = 15;
const warmUps = 2;
const atMost = 0.25;

const commands: readonly { name: string; args: readonly string[] }[] = [
  { name: 'official-whoami', args: ['auth', 'whoami'] },
  { name: 'official-agent-list', args: ['agent', 'list'] },
  { name: 'official-agent-status', args: ['agent', 'status', 'echo'] },
  { name: 'official-secrets-list', args: ['secrets', 'list'] },
];

/** The same command of both, in turn, on one server with one agent and one secret set. */
export const officialCommands: Figure = {
  name: 'official-commands',
  about: 'wall time of four commands that read, as a share of that of the published command line',
  async measure(context) {
    const official = await obtainOfficialClient();
    if ('reason' in official) {
      context.progress(`skipped: ${official.reason}`);
      return [];
    }
    const cloud = await startCloud(context.resources);
    await cloud.deployEcho(1);
    await cloud.client.putSecret(cloud.organization, 'bench', { secretKey: 'GREETING', secretValue: 'hello' });
    const found: Measurement[] = [];
    for (const command of commands) found.push(await compare(context, cloud, official, command));
    return found;
  },
};

async function compare(
  { resources, progress }: FigureContext,
  cloud: Cloud,
  official: OfficialClient,
  { name, args }: (typeof commands)[number],
): Promise<Measurement> {
  const options = { env: cloud.commandEnvironment, cwd: cloud.home };
  const ours = async () => (await runNode(resources, [commandLine, 'cloud', ...args], options)).ms;
  const theirs = async () => (await runProgram(resources, official.program, [...official.before, ...args], options)).ms;
  for (let round = 0; round < warmUps; round++) await Promise.all([ours(), theirs()]);
  progress(`${name}: ${rounds} rounds`);
  const measured: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) measured.push({ ours: await ours(), theirs: await theirs() });
    else {
      const first = await theirs();
      measured.push({ ours: await ours(), theirs: first });
    }
  }
  const { median, min, max } = spreadOf(measured.map((round) => round.ours / round.theirs));
  const ms = (key: 'ours' | 'theirs') => `${spreadOf(measured.map((round) => round[key])).median.toFixed(0)} ms`;
  const note = `${ms('ours')} against ${ms('theirs')} for pipecatcloud ${official.version}`;
  return { name, value: median, unit: 'x', goal: { kind: 'atMost', value: atMost }, min, max, rounds, note };
}

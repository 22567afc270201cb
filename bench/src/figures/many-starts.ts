import { Agent, request } from 'node:http';
import { type Cloud, startCloud } from '../cloud.js';
import type { Figure, FigureContext, Measurement } from '../figure.js';
import { cpuMs } from '../processes.js';
import { percentile, spreadOf } from '../statistics.js';
import { until } from '../wait.js';

/** The most that one agent may have is 50. */
const agents = 6;
const instancesEach = 50;
const total = agents * instancesEach;

const burstRounds = 5;
const sustainedRounds = 4;
const sustainedSeconds = 5;
/** Requests that are under way at a time; a caller sends its next as soon as it has its answer. */
const callers = 24;

interface Start {
  ms: number;
  status: number;
}

/** Agents whose instances all wait, on a worker that is simulated: 300 processes are too many for two cores. */
async function deployWarm({ resources, progress }: FigureContext, sessionMs: number) {
  const cloud = await startCloud(resources, { simulate: { sessionMs } });
  const { client, organization } = cloud;
  const names = Array.from({ length: agents }, (_, index) => `agent-${index}`);
  const autoScaling = { minAgents: instancesEach, maxAgents: instancesEach };
  progress(`making ${total} instances`);
  for (const serviceName of names)
    await client.createService(organization, { serviceName, image: 'bench/a:1', autoScaling });
  await allIdle(cloud, names);
  const { key } = await client.createApiKey(organization, { name: 'bench', type: 'public' });
  return { cloud, names, start: starter(resources, cloud.port, key) };
}

async function allIdle({ client, organization }: Cloud, names: string[]): Promise<void> {
  for (const name of names) {
    await until(`all instances of ${name} are idle`, async () => {
      const { idle } = await client.getCapacity(organization, name);
      return idle >= instancesEach;
    });
  }
}

function starter(resources: FigureContext['resources'], port: number, key: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: total });
  resources.onClose(() => agent.destroy());
  const body = '{}';
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length };
  return (name: string) => {
    const began = performance.now();
    return new Promise<Start>((resolve) => {
      const done = (status: number) => resolve({ ms: performance.now() - began, status });
      const path = `/v1/public/${name}/start`;
      const sent = request({ agent, host: '127.0.0.1', port, method: 'POST', path, headers }, (response) => {
        response.resume().once('end', () => done(response.statusCode ?? 0));
      });
      sent.once('error', () => done(0));
      sent.end(body);
    });
  };
}

function lines(name: string, rounds: Start[][], note: string, goals: Record<string, number>): Measurement[] {
  const all = rounds.flat();
  const refused = all.filter(({ status }) => status !== 200).length;
  const told = refused > 0 ? `${note}; ${refused} were refused` : note;
  return Object.entries(goals).map(([share, value]) => {
    const of = (starts: Start[]) =>
      percentile(
        starts.map(({ ms }) => ms),
        Number(share),
      );
    const { min, max } = spreadOf(rounds.map(of));
    const suffix = share === '0.5' ? '' : `-p${Number(share) * 100}`;
    const goal = { kind: 'atMost', value } as const;
    return { name: `${name}${suffix}`, value: of(all), unit: 'ms', goal, min, max, rounds: rounds.length, note: told };
  });
}

/** 300 callers at the same moment, each with an instance that waits. */
export const startsAtOnce: Figure = {
  name: 'starts-at-once',
  about: `milliseconds of ${total} starts at the same moment on ${total} warm instances`,
  async measure(context) {
    const { cloud, names, start } = await deployWarm(context, 3_000);
    const rounds: Start[][] = [];
    const burst = () =>
      Promise.all(Array.from({ length: total }, (_, index) => start(names[index % agents] as string)));
    context.progress('warming up');
    await burst();
    for (let round = 0; round < burstRounds; round++) {
      await allIdle(cloud, names);
      context.progress(`round ${round + 1} of ${burstRounds}`);
      rounds.push(await burst());
    }
    const note = `${total} instances of ${agents} agents on a simulated worker`;
    return lines('starts-at-once', rounds, note, { 0.5: 150, 0.99: 500 });
  },
};

/** As many starts as the control plane takes, one after another, on sessions that end at once. */
export const sustainedStarts: Figure = {
  name: 'sustained-starts',
  about: `starts per second by ${callers} callers who do nothing else`,
  async measure(context) {
    const { cloud, names, start } = await deployWarm(context, 20);
    let next = 0;
    async function round(seconds: number): Promise<Start[]> {
      const until = performance.now() + seconds * 1000;
      const starts: Start[] = [];
      const caller = async () => {
        while (performance.now() < until) starts.push(await start(names[next++ % agents] as string));
      };
      await Promise.all(Array.from({ length: callers }, caller));
      return starts;
    }
    context.progress('warming up');
    await round(2);
    const rounds: Start[][] = [];
    const before = cpuMs(cloud.serverPid);
    for (let index = 0; index < sustainedRounds; index++) {
      context.progress(`round ${index + 1} of ${sustainedRounds}`);
      rounds.push(await round(sustainedSeconds));
    }
    const perSecond = rounds.map((starts) => starts.filter(({ status }) => status === 200).length / sustainedSeconds);
    const { median, min, max } = spreadOf(perSecond);
    const used = cpuMs(cloud.serverPid);
    const each = before === undefined || used === undefined ? '?' : ((used - before) / rounds.flat().length).toFixed(1);
    const note = `${callers} callers, ${total} instances of ${agents} agents on a simulated worker, sessions of 20 ms; ${each} ms of the control plane's processor time each`;
    return [
      {
        ...{ name: 'sustained-starts', value: median, unit: 'starts/s', min, max, rounds: sustainedRounds, note },
        goal: { kind: 'atLeast', value: 300 },
      },
      ...lines('sustained-starts', rounds, note, { 0.99: 150 }),
    ];
  },
};

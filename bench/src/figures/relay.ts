import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCloud } from '../cloud.js';
import { plainEnvironment } from '../environment.js';
import type { Figure, Measurement } from '../figure.js';
import { cpuMs, residentMb, startNode } from '../processes.js';
import type { RelayOrder, RelayResult } from '../relay-load-process.js';
import type { Resources } from '../resources.js';
import { percentile, spreadOf, turned } from '../statistics.js';

const rounds = 5;
const requestsEach = 400;
const sockets = 1000;
/** Frames a second on each socket, each way; the last one is what is asked for. */
const rates = [5, 10, 20, 50];
const secondsEach = 2;
const goalMs = 20;

/** One thing that a session's client does, through the relay or straight at the agent. */
interface Way {
  name: 'relayed' | 'direct';
  port: number;
  path: string;
  headers: Record<string, string>;
}

async function startLoad(resources: Resources) {
  const file = join(fileURLToPath(new URL('..', import.meta.url)), 'relay-load-process.js');
  const folder = await resources.folder('relay-load');
  const { child, stop } = await startNode(resources, { name: 'relay load', file, env: plainEnvironment(), folder });
  return {
    stop,
    async run(order: RelayOrder): Promise<RelayResult> {
      child.send(order);
      const [result] = (await once(child, 'message')) as [RelayResult];
      if (result.problem !== undefined) throw new Error(result.problem);
      return result;
    },
  };
}

function headOf({ port, path, headers }: Way): string {
  const all = {
    host: `127.0.0.1:${port}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path}/socket HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Milliseconds of requests one after the other on one connection. */
async function requestTimes(agent: Agent, { port, path, headers }: Way): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < requestsEach; n++) {
    const began = performance.now();
    const sent = request({ agent, host: '127.0.0.1', port, path: `${path}/own`, headers }).end();
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
    times.push(performance.now() - began);
  }
  return times;
}

/** What the way through control plane and worker adds to a request and to a frame, and how much of it there can be at once. */
export const relay: Figure = {
  name: 'relay',
  about: `milliseconds that the relay adds to a request and a frame; ${sockets} sockets at once`,
  async measure({ resources, progress }): Promise<Measurement[]> {
    const cloud = await startCloud(resources);
    await cloud.deployAgent('bench/agents/relay', 'relay', 1);
    const { key } = await cloud.client.createApiKey(cloud.organization, { name: 'bench', type: 'public' });
    const { sessionId } = await cloud.client.startSession(cloud.organization, 'relay', {});
    const relayed: Way = {
      name: 'relayed',
      port: cloud.port,
      path: `/v1/public/relay/sessions/${sessionId}`,
      headers: { authorization: `Bearer ${key}` },
    };
    const told = await fetch(`${cloud.url}${relayed.path}/own`, { headers: relayed.headers });
    const direct: Way = { name: 'direct', port: ((await told.json()) as { port: number }).port, path: '', headers: {} };

    progress('requests, one after the other');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    resources.onClose(() => agent.destroy());
    const added: number[] = [];
    const p50s: Record<Way['name'], number[]> = { relayed: [], direct: [] };
    for (const way of [direct, relayed]) await requestTimes(agent, way);
    for (let round = 0; round < rounds; round++) {
      for (const way of turned([direct, relayed], round))
        p50s[way.name].push(percentile(await requestTimes(agent, way), 0.5));
      added.push((p50s.relayed.at(-1) ?? 0) - (p50s.direct.at(-1) ?? 0));
    }
    const spread = (values: readonly number[]) => {
      const { median, min, max, rounds: count } = spreadOf(values);
      return { value: median, min, max, rounds: count };
    };
    const ms = (value: number) => `${value.toFixed(2)} ms`;
    const found: Measurement[] = [
      {
        name: 'relay-request',
        unit: 'ms',
        goal: { kind: 'atMost', value: 1 },
        note: `p50 ${ms(spreadOf(p50s.relayed).median)} relayed, ${ms(spreadOf(p50s.direct).median)} direct`,
        ...spread(added),
      },
    ];

    progress('one socket at 50 frames a second');
    const frames: Record<Way['name'], number[]> = { relayed: [], direct: [] };
    for (let round = 0; round < rounds; round++) {
      for (const way of turned([direct, relayed], round)) {
        const load = await startLoad(resources);
        await load.run({ open: { port: way.port, head: headOf(way), count: 1 } });
        const { delays } = await load.run({ send: { perSecond: 50, seconds: 2 } });
        frames[way.name].push(percentile(delays, 0.5));
        await load.stop();
      }
    }
    found.push({
      name: 'relay-frame',
      unit: 'ms',
      goal: { kind: 'atMost', value: 1 },
      note: `p50 there and back: ${ms(spreadOf(frames.relayed).median)} relayed, ${ms(spreadOf(frames.direct).median)} direct`,
      ...spread(frames.relayed.map((value, round) => value - (frames.direct[round] ?? 0))),
    });

    progress(`memory of ${sockets} sockets`);
    const resident = () => residentMb(cloud.serverPid) + residentMb(cloud.workerPid);
    const load = await startLoad(resources);
    const opened = { port: relayed.port, head: headOf(relayed), count: sockets };
    const before = resident();
    await load.run({ open: opened });
    await load.run({ send: { perSecond: 1, seconds: 3 } });
    await sleep(1000);
    const kilobytes = ((resident() - before) * 1000) / sockets;
    found.push({
      name: 'relay-memory',
      unit: 'KB',
      goal: { kind: 'atMost', value: 100 },
      note: `of control plane and worker together, for each of ${sockets} open sockets that carry a frame a second`,
      ...spread([kilobytes]),
    });

    // Direct first on sockets of its own, so that what the load and the agent alone can do at this rate is known.
    const straight = await startLoad(resources);
    await straight.run({ open: { ...opened, port: direct.port, head: headOf(direct) } });
    for (const perSecond of rates) {
      progress(`${sockets} sockets at ${perSecond} frames a second each way`);
      const p99 = async (through: typeof load) => {
        const { delays, sent, received } = await through.run({ send: { perSecond, seconds: secondsEach } });
        return { p99: percentile(delays, 0.99), lost: sent - received };
      };
      const cpu = () => (cpuMs(cloud.serverPid) ?? 0) + (cpuMs(cloud.workerPid) ?? 0);
      const [alone, whole]: [number[], number[]] = [[], []];
      let [lost, cpuTaken] = [0, 0];
      // The first round warms up.
      for (let round = -1; round < rounds; round++) {
        const direct = await p99(straight);
        const before = cpu();
        const relayed = await p99(load);
        if (round < 0) continue;
        cpuTaken += cpu() - before;
        alone.push(direct.p99);
        whole.push(relayed.p99);
        lost += direct.lost + relayed.lost;
      }
      // There and back are two frames.
      const microseconds = (cpuTaken * 1000) / (rounds * sockets * perSecond * secondsEach * 2);
      found.push({
        name: `relay-sockets-${perSecond}`,
        unit: 'ms',
        goal: { kind: 'atMost', value: goalMs },
        note: `p99 ${ms(spreadOf(whole).median)} relayed, ${ms(spreadOf(alone).median)} direct; ${lost} frames not back 5 s later; ${microseconds.toFixed(1)} µs of both processes per frame`,
        ...spread(whole.map((value, round) => value - (alone[round] ?? 0))),
      });
    }
    return found;
  },
};

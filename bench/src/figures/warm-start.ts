import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCloud } from '../cloud.js';
import type { Figure } from '../figure.js';
import { percentile, spreadOf } from '../statistics.js';

const perSecond = 45;
const rounds = 4;
const secondsEach = 5;
const warmUpSeconds = 5;
// A session that ends at once holds its instance for some tens of milliseconds; these are enough for that several times over.
const instances = 12;

interface Start {
  /** From the moment at which the request was due, not at which it could be sent. */
  ms: number;
  /** 0 where no answer came. */
  status: number;
}

/** Starts sessions at a steady pace, whether or not the earlier ones were answered. */
async function startSessions(begin: () => Promise<number>, seconds: number): Promise<Start[]> {
  const began = performance.now();
  const starts: Promise<Start>[] = [];
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = began + (index * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    starts.push(begin().then((status) => ({ ms: performance.now() - due, status })));
  }
  return await Promise.all(starts);
}

/** `POST /v1/public/{agent}/start` where an instance waits for it. */
export const warmStart: Figure = {
  name: 'warm-start',
  about: `milliseconds of a start on warm instances at ${perSecond} starts a second`,
  async measure({ resources, progress }) {
    const cloud = await startCloud(resources);
    progress(`starting ${instances} instances`);
    await cloud.deployEcho(instances);
    const { key } = await cloud.client.createApiKey(cloud.organization, { name: 'bench', type: 'public' });
    const agent = new Agent({ keepAlive: true });
    resources.onClose(() => agent.destroy());
    const body = JSON.stringify({ body: { seconds: 0 } });
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const begin = () =>
      new Promise<number>((resolve) => {
        const path = '/v1/public/echo/start';
        const options = { agent, host: '127.0.0.1', port: cloud.port, method: 'POST', path, headers };
        const sent = request(options, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        });
        sent.once('error', () => resolve(0));
        sent.end(body);
      });

    progress('warming up');
    await startSessions(begin, warmUpSeconds);
    const measured: Start[][] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      measured.push(await startSessions(begin, secondsEach));
    }
    const of = (share: number) => spreadOf(measured.map((starts) => percentile(times(starts), share)));
    const all = measured.flat();
    const statuses = [...new Set(all.map(({ status }) => status))].join(', ');
    const note = `${all.length} starts at ${perSecond}/s on ${instances} warm instances`;
    const line = (name: string, share: number) => {
      const { min, max } = of(share);
      return { name, value: percentile(times(all), share), unit: 'ms', min, max, rounds, note };
    };
    const refusals = spreadOf(measured.map((starts) => starts.filter(({ status }) => status !== 200).length));
    return [
      { ...line('warm-start', 0.5), goal: { kind: 'atMost', value: 25 } },
      { ...line('warm-start-p99', 0.99), goal: { kind: 'atMost', value: 100 } },
      {
        name: 'warm-start-refused',
        value: all.filter(({ status }) => status !== 200).length,
        unit: 'starts',
        goal: { kind: 'atMost', value: 0 },
        min: refusals.min,
        max: refusals.max,
        rounds,
        note: `answers: ${statuses}`,
      },
    ];
  },
};

const times = (starts: readonly Start[]) => starts.map(({ ms }) => ms);

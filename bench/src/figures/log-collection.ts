import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, startCloud } from '../cloud.js';
import type { Figure } from '../figure.js';
import { percentile, type Spread, spreadOf } from '../statistics.js';
import { until } from '../wait.js';
import { deployWriter, startUncollectedWriters } from './log-writer.js';

const rounds = 5;
const secondsEach = 10;
const sockets = 4;
const framesPerSecond = 50;
const writers = 5;
/** Together 210 MB a minute, in lines of 200 bytes. */
const bytesPerSecond = 700_000;

/** A socket to an agent that sends back what it gets. */
async function openEcho({ client, organization }: Cloud): Promise<WebSocket> {
  const { wsUrl, token } = await client.startSession(organization, 'echo', { transport: 'websocket' });
  const socket = new WebSocket(`${wsUrl?.replace('localhost', '127.0.0.1')}?token=${token}`);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('The socket to the agent was refused')), { once: true });
  });
  return socket;
}

/** Milliseconds of each frame there and back, at a steady pace on every socket at once. */
async function roundTrips(open: readonly WebSocket[], seconds: number): Promise<number[]> {
  const times: number[] = [];
  const stop = open.map((socket) => {
    const listen = ({ data }: MessageEvent) => void times.push(performance.now() - Number(data));
    socket.addEventListener('message', listen);
    const timer = setInterval(() => socket.send(String(performance.now())), 1000 / framesPerSecond);
    return () => {
      clearInterval(timer);
      socket.removeEventListener('message', listen);
    };
  });
  await sleep(seconds * 1000);
  for (const one of stop) one();
  await sleep(200);
  return times;
}

/** What a session's socket feels of the logs of others, and how soon a follower sees a line. */
export const logCollection: Figure = {
  name: 'log-collection',
  about: 'what 200 MB of agent logs a minute add to a frame of a socket, and how soon a follower sees a line',
  async measure({ resources, progress }) {
    const cloud = await startCloud(resources);
    const { client, organization } = cloud;
    progress('deploying');
    await cloud.deployEcho(sockets);
    await deployWriter(resources, cloud, writers);
    const writeUncollected = await startUncollectedWriters(resources, writers);

    const open: WebSocket[] = [];
    for (let index = 0; index < sockets; index++) open.push(await openEcho(cloud));
    resources.onClose(() => {
      for (const socket of open) socket.close();
    });
    const delays: number[] = [];
    const following = new AbortController();
    resources.onClose(() => following.abort());
    const follow = async () => {
      for await (const event of client.followLogs(organization, 'writer', { query: 'stamp ' }, following)) {
        if (event.type === 'line') delays.push(Date.now() - Number(event.entry.log.slice('stamp '.length)));
      }
    };
    void follow().catch(() => undefined);

    progress('warming up');
    await roundTrips(open, 3);
    const added: number[] = [];
    const addedByWriters: number[] = [];
    const quiet: number[] = [];
    const writing = { bytesPerSecond, seconds: secondsEach + 2 };
    let seconds = 0;
    const before = (await client.readLogs(organization, 'writer', { limit: 1 })).total.value;
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      const without = await roundTrips(open, secondsEach);
      const written = writeUncollected(writing);
      const alone = await roundTrips(open, secondsEach);
      await written;
      await until(`${writers} writers are idle`, async () => {
        const { currentRevision } = await client.getService(organization, 'writer');
        return (currentRevision?.readyReplicas ?? 0) >= writers;
      });
      await Promise.all(
        Array.from({ length: writers }, () => client.startSession(organization, 'writer', { body: writing })),
      );
      const under = await roundTrips(open, secondsEach);
      seconds += writing.seconds;
      quiet.push(percentile(without, 0.99));
      addedByWriters.push(percentile(alone, 0.99) - percentile(without, 0.99));
      added.push(percentile(under, 0.99) - percentile(without, 0.99));
      await sleep(3000);
    }
    // What is not collected yet counts as not collected.
    await sleep(2000);
    const lines = (await client.readLogs(organization, 'writer', { limit: 1 })).total.value - before;
    following.abort();
    const collected = (lines * 200 * 60) / seconds / 1e6;
    const note = `p99 without logs ${spreadOf(quiet).median.toFixed(1)} ms; ${sockets} sockets at ${framesPerSecond} frames/s`;
    const all = ({ median, ...others }: Spread) => ({ value: median, ...others });
    const once = (value: number) => ({ value, min: value, max: value, rounds: 1 });
    return [
      {
        ...{ name: 'log-collection-socket', unit: 'ms', ...all(spreadOf(added)) },
        ...{ goal: { kind: 'atMost', value: 1 }, note },
      },
      {
        ...{ name: 'log-collection-writers', unit: 'ms', ...all(spreadOf(addedByWriters)) },
        ...{ goal: null, note: 'the same writers alone: nobody collects what they write' },
      },
      {
        ...{ name: 'log-collection', unit: 'MB/min', ...once(collected) },
        ...{ goal: { kind: 'atLeast', value: 200 }, note: `${lines} lines of ${writers} instances` },
      },
      {
        ...{ name: 'log-visible-p95', unit: 'ms', ...once(percentile(delays, 0.95)) },
        ...{
          goal: { kind: 'atMost', value: 2000 },
          note: `${delays.length} lines, half within ${percentile(delays, 0.5)} ms`,
        },
      },
    ];
  },
};

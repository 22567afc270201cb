import { setTimeout as sleep } from 'node:timers/promises';
import { startCloud } from '../cloud.js';
import type { Figure, FigureContext } from '../figure.js';
import { residentMb } from '../processes.js';
import { createResources } from '../resources.js';
import { spreadOf } from '../statistics.js';

const rounds = 3;
const sampleMs = 500;
/** At rest: over this many samples, 10 s, memory moved by no more than so many megabytes. */
const restSamples = 20;
const restMb = 2;
const longestSeconds = 90;

interface Sample {
  server: number;
  worker: number;
}
const sum = ({ server, worker }: Sample) => server + worker;

/** Samples until memory stands still, and gives the last ten seconds. Where it never does, those are the last it saw. */
async function atRest(pids: {
  serverPid: number;
  workerPid: number;
}): Promise<{ samples: Sample[]; settled: boolean }> {
  const samples: Sample[] = [];
  const deadline = performance.now() + longestSeconds * 1000;
  while (performance.now() < deadline) {
    samples.push({ server: residentMb(pids.serverPid), worker: residentMb(pids.workerPid) });
    const last = samples.slice(-restSamples);
    const { min, max } = spreadOf(last.map(sum));
    if (last.length === restSamples && max - min <= restMb) return { samples: last, settled: true };
    await sleep(sampleMs);
  }
  return { samples: samples.slice(-restSamples), settled: false };
}

async function oneRound({ resources }: FigureContext): Promise<Sample & { settled: boolean }> {
  // Of this round alone, so that it is gone when the next begins.
  const ofRound = createResources(() => {});
  resources.onClose(() => ofRound.close());
  const cloud = await startCloud(ofRound);
  await cloud.deployEcho(1);
  const { samples, settled } = await atRest(cloud);
  await ofRound.close();
  const middle = (part: keyof Sample) => spreadOf(samples.map((sample) => sample[part])).median;
  return { server: middle('server'), worker: middle('worker'), settled };
}

/** What the two processes hold once an agent was deployed and one instance waits; the instance itself is not counted. */
export const idleMemory: Figure = {
  name: 'idle-memory',
  about: 'resident memory of control plane and worker at rest, together',
  async measure(context) {
    const measured: Awaited<ReturnType<typeof oneRound>>[] = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`round ${round + 1} of ${rounds}`);
      measured.push(await oneRound(context));
    }
    const { median, min, max } = spreadOf(measured.map(sum));
    const of = (part: keyof Sample) => `${Math.round(spreadOf(measured.map((each) => each[part])).median)} MB`;
    const restless = measured.filter(({ settled }) => !settled).length;
    const note = `control plane ${of('server')}, worker ${of('worker')}${restless ? `; ${restless} never came to rest` : ''}`;
    const goal = { kind: 'atMost', value: 250 } as const;
    return [{ name: 'idle-memory', value: median, unit: 'MB', goal, min, max, rounds, note }];
  },
};

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunOptions } from './arguments.js';
import { check } from './checker/check.js';
import type { Breach } from './checker/event.js';
import { type History, readHistory } from './checker/history.js';
import { patienceMs } from './checker/limits.js';
import { excusedPools } from './checker/pools.js';
import { copyData } from './evidence.js';
import { chaos, walkFailpoints } from './faults/chaos.js';
import { lastLimits, type Market, openMarket } from './load/market.js';
import { createRandom } from './random.js';
import { findSecrets } from './secrets.js';
import { createTally } from './tally.js';
import { mountDisk } from './world/disk.js';
import { leftBehind } from './world/left-behind.js';
import { now, pause, until } from './world/wait.js';
import { openWorld, type World } from './world/world.js';

export interface RunResult {
  breaches: Breach[];
  /** What was not tried though everything was done to bring it about, and why. */
  untried: string[];
  /** What a person reads of the run. */
  lines: string[];
}

const diskMegabytes = 600;
/** A run of so long goes by every failpoint, also where the machine is so busy that this takes longer. */
const wholeWalkMinutes = 5;

interface Surroundings {
  /** Somebody ends the run. */
  signal: AbortSignal;
  say: (line: string) => void;
}

/** One run, from an empty folder to the checker's answer. What it did is in the folder, `events.jsonl` above all. */
export async function run(folder: string, options: RunOptions, surroundings: Surroundings): Promise<RunResult> {
  const data = join(folder, 'data');
  const disk = mountDisk(join(folder, 'disk'), diskMegabytes);
  if ('reason' in disk) return await runOn(data, folder, options, surroundings);
  const onDisk = join(folder, 'disk', 'data');
  try {
    return await runOn(onDisk, folder, options, surroundings);
  } finally {
    // What a person would look into is kept, the disk is not.
    if (existsSync(onDisk)) copyData(onDisk, data);
    disk.unmount();
  }
}

async function runOn(
  dataDir: string,
  folder: string,
  { seed, minutes, driver, database, only }: RunOptions,
  { signal, say }: Surroundings,
): Promise<RunResult> {
  const random = createRandom(seed);
  const tally = createTally();
  const [secrets, answers]: [string[], string[]] = [[], []];
  const untried: string[] = [];
  const began = now();
  let stoppedAt = Number.POSITIVE_INFINITY;
  void stopped(signal).then(() => {
    stoppedAt = now();
  });
  // SQLite has one process.
  const controlPlanes = database === 'postgres' ? 2 : 1;
  const world = await openWorld({
    folder,
    database,
    controlPlanes,
    driver,
    random: random.stream('world'),
    dataDir,
  });
  try {
    await world.start();
    const market = await openMarket(world, {
      random: random.stream('market'),
      counted: tally.add,
      said: (text) => answers.push(text),
      newSecret: (value) => secrets.push(value),
    });
    say(`Ready after ${seconds(now() - began)}. Load and faults for ${minutes} min.`);
    const ends = now() + minutes * 60_000;
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), minutes * 60_000);
    const either = AbortSignal.any([signal, over.signal]);
    const trading = market.trade(either, ends);
    const faults = { world, market, random: random.stream('faults'), stopped: signal, tally, say, only };
    untried.push(...(await walkFailpoints({ ...faults, signal: minutes >= wholeWalkMinutes ? signal : either })));
    await chaos({ ...faults, signal: either });
    clearTimeout(timer);
    // Some sessions last for minutes.
    await Promise.race([trading, stopped(signal)]);
    if (!signal.aborted) await judgeAfterwards(world, market, { signal, say }, { secrets, answers });
    await market.close();
  } catch (error) {
    // What it waited for is waited for no more.
    if (!signal.aborted) throw error;
  } finally {
    const left = await world.close();
    if (left > 0) world.recorder.record({ type: 'left', what: `${left} processes` });
    for (const where of findSecrets(secrets, searched(world, answers))) world.recorder.record({ type: 'leak', where });
  }
  // What is so because somebody ended the run, wherever it was, says nothing.
  const events = world.recorder.events().filter(({ at }) => at <= stoppedAt);
  const breaches = check(events);
  writeFileSync(join(folder, 'breaches.json'), JSON.stringify(breaches, undefined, 2));
  const history = readHistory(events);
  const { stays, troubles } = history;
  const lost = breaches.filter(({ rule }) => rule === 'E3' || rule === 'E4').length;
  return {
    breaches,
    untried,
    lines: [
      ...tally.lines(),
      `${stays.length} sessions on ${world.instances.pids().length} instances, ${lost} lost, in ${tally.of('deployed')} deploys, ` +
        `${world.kills()} kills of control plane or worker and ${troubles.length} faults. ${seconds(now() - began)} in all`,
      ...excuses(history),
    ],
  };
}

/** What a person should know who takes the answer for what it is. */
function excuses(history: History): string[] {
  const starvedMs = history.of('starved').reduce((sum, { ms }) => sum + ms, 0);
  const late = excusedPools(history);
  return [
    ...(starvedMs > 0 ? [`The machine kept work that needs a processor waiting for ${seconds(starvedMs)}`] : []),
    ...(late.length > 0
      ? [
          `${late.length} pools were back late, by ${seconds(Math.max(...late))} at the most, and are excused: as long as the machine was too ` +
            'busy, or the product waits by docs/capacity.md after instances that end in a row',
        ]
      : []),
  ];
}

const searched = (world: World, answers: readonly string[]) => ({
  folders: [world.dataDir, ...world.logs],
  texts: new Map([['an answer of the API', answers]]),
});

/** When the last fault is over: what the pools hold, what the sessions say, and what is left when all agents are gone. */
async function judgeAfterwards(
  world: World,
  market: Market,
  { signal, say }: Surroundings,
  { secrets, answers }: { secrets: readonly string[]; answers: readonly string[] },
): Promise<void> {
  const { recorder, instances } = world;
  say('Faults are over. Waiting for the pools …');
  await market.settle(signal);
  recorder.record({ type: 'quiet' });
  const pools = () =>
    market.shops.map(({ caller, agent }) => {
      const organization = caller.tenant.name;
      const pool = { organization, agent, idle: instances.idle(organization, agent), wanted: lastLimits.minAgents };
      recorder.record({ type: 'pool', ...pool });
      return pool.idle >= pool.wanted;
    });
  const begun = now();
  while (!signal.aborted && now() - begun < patienceMs && !pools().every(Boolean)) await pause(200, signal);
  await pause(1_500, signal);
  if (signal.aborted) return;
  pools();
  await market.watcher.lookAtAll();
  await market.watcher.close();
  for (const where of findSecrets(secrets, searched(world, answers))) recorder.record({ type: 'leak', where });

  say('Deleting the agents …');
  await market.removeAgents(signal);
  const isEmpty = async () => (await leftBehind(world)).length === 0;
  await until('nothing is left of the agents', isEmpty, 15_000, signal).catch(() => undefined);
  if (signal.aborted) return;
  for (const what of await leftBehind(world)) recorder.record({ type: 'left', what });
}

/** Resolves once somebody ends the run. */
const stopped = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunOptions } from './arguments.js';
import { check } from './checker/check.js';
import type { Breach } from './checker/event.js';
import { readHistory } from './checker/history.js';
import { patienceMs } from './checker/limits.js';
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
  /** Failpoints that no process came by though it was brought about: what happens there was not tried. */
  missed: string[];
  /** What a person reads of the run. */
  lines: string[];
}

const diskMegabytes = 600;
/** A run of so long goes by every failpoint, also where the machine is so busy that this takes longer. */
const wholeWalkMinutes = 5;

/** One run, from an empty folder to the checker's answer. What it did is in the folder, `events.jsonl` above all. */
export async function run(
  folder: string,
  { seed, minutes, driver, database, only }: RunOptions,
  { signal, say }: { signal: AbortSignal; say: (line: string) => void },
): Promise<RunResult> {
  const random = createRandom(seed);
  const tally = createTally();
  const [secrets, answers]: [string[], string[]] = [[], []];
  const missed: string[] = [];
  const began = now();
  const disk = mountDisk(join(folder, 'disk'), diskMegabytes);
  const dataDir = 'unmount' in disk ? { dataDir: join(folder, 'disk', 'data') } : {};
  // SQLite has one process.
  const controlPlanes = database === 'postgres' ? 2 : 1;
  const world = await openWorld({
    folder,
    database,
    controlPlanes,
    driver,
    random: random.stream('world'),
    ...dataDir,
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
    const options = { world, market, random: random.stream('faults'), signal: either, tally, say, only };
    missed.push(...(await walkFailpoints({ ...options, signal: minutes >= wholeWalkMinutes ? signal : either })));
    await chaos(options);
    clearTimeout(timer);
    await trading;
    if (!signal.aborted) await judgeAfterwards(world, market, say, { secrets, answers });
    await market.close();
  } finally {
    const left = await world.close();
    if (!signal.aborted && left > 0) world.recorder.record({ type: 'left', what: `${left} processes` });
    for (const where of findSecrets(secrets, searched(world, answers))) world.recorder.record({ type: 'leak', where });
  }
  const events = world.recorder.events();
  const breaches = check(events);
  if ('unmount' in disk) {
    // What a person would look into is kept, the disk is not.
    if (breaches.length > 0) cpSync(world.dataDir, join(folder, 'data'), { recursive: true });
    disk.unmount();
  }
  writeFileSync(join(folder, 'breaches.json'), JSON.stringify(breaches, undefined, 2));
  const { stays, troubles } = readHistory(events);
  const lost = breaches.filter(({ rule }) => rule === 'E3' || rule === 'E4').length;
  return {
    breaches,
    missed,
    lines: [
      ...tally.lines(),
      `${stays.length} sessions on ${world.instances.pids().length} instances, ${lost} lost, in ${tally.of('deployed')} deploys, ` +
        `${world.kills()} kills of control plane or worker and ${troubles.length} faults. ${seconds(now() - began)} in all`,
    ],
  };
}

const searched = (world: World, answers: readonly string[]) => ({
  folders: [world.dataDir, ...world.logs],
  texts: new Map([['an answer of the API', answers]]),
});

/** When the last fault is over: what the pools hold, what the sessions say, and what is left when all agents are gone. */
async function judgeAfterwards(
  world: World,
  market: Market,
  say: (line: string) => void,
  { secrets, answers }: { secrets: readonly string[]; answers: readonly string[] },
): Promise<void> {
  const { recorder, instances } = world;
  say('Faults are over. Waiting for the pools …');
  await market.settle();
  recorder.record({ type: 'quiet' });
  const pools = () =>
    market.shops.map(({ caller, agent }) => {
      const organization = caller.tenant.name;
      const pool = { organization, agent, idle: instances.idle(organization, agent), wanted: lastLimits.minAgents };
      recorder.record({ type: 'pool', ...pool });
      return pool.idle >= pool.wanted;
    });
  const begun = now();
  while (now() - begun < patienceMs && !pools().every(Boolean)) await pause(200);
  await pause(1_500);
  pools();
  await market.watcher.lookAtAll();
  await market.watcher.close();
  for (const where of findSecrets(secrets, searched(world, answers))) recorder.record({ type: 'leak', where });

  say('Deleting the agents …');
  await market.removeAgents();
  await until('nothing is left of the agents', async () => (await leftBehind(world)).length === 0, 15_000).catch(
    () => undefined,
  );
  for (const what of await leftBehind(world)) recorder.record({ type: 'left', what });
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

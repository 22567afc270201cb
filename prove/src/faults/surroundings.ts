import { statfsSync } from 'node:fs';
import type { Random } from '../random.js';
import { fillDisk } from '../world/disk.js';
import { fair } from '../world/link.js';
import { pause, until } from '../world/wait.js';
import type { World } from '../world/world.js';
import { backUp, restoreBackup } from './backup.js';
import { during, type Fault, recovered } from './fault.js';

const hourMs = 60 * 60 * 1000;

async function restartEngine(
  world: World,
  random: Random,
  signal: AbortSignal,
  containersLive: boolean,
): Promise<void> {
  // One fault for each instance that ends with it, and one for those that nobody has heard of yet.
  const ended = containersLive ? [] : world.instances.living().map(({ instance }) => instance);
  const ofInstances = ended.reduce<() => Promise<void>>(
    (inner, instance) => () => during(world, ['instance'], inner, { instance }),
    async () => {
      const comeBack = await world.containers?.restart(world.dataDir, { containersLive });
      await pause(random.between(500, 6_000), signal);
      comeBack?.();
      await recovered(world);
    },
  );
  await during(world, containersLive ? ['worker'] : ['worker', 'instance'], ofInstances);
}

/** Everything around the two processes: their link, the database, the disk, the clock. */
export const surroundingFaults: readonly Fault[] = [
  {
    name: 'link cut',
    weight: 2,
    make: (world, random, signal) =>
      during(world, ['link'], async () => {
        world.link.setWeather({ ...fair, cut: true });
        world.link.cut();
        await pause(random.between(0, 6_000), signal);
        world.link.setWeather(fair);
        await recovered(world);
      }),
  },
  {
    name: 'messages doubled, late and lost',
    weight: 3,
    make: (world, random, signal) =>
      during(world, ['link'], async () => {
        world.link.setWeather({
          cut: false,
          doubled: 0.3,
          lateMs: random.between(0, 400),
          lost: random.between(0, 0.1),
        });
        await pause(random.between(2_000, 10_000), signal);
        world.link.setWeather(fair);
        world.link.cut();
        await recovered(world);
      }),
  },
  {
    name: 'database locked',
    weight: 1,
    make: (world, random, signal) =>
      during(world, ['database'], async () => {
        await world.database.lock(random.between(500, 12_000), signal);
        await recovered(world);
      }),
  },
  {
    name: 'database restarted',
    weight: 2,
    missing: ({ database }) => (database.restart ? undefined : 'SQLite has no server'),
    make: (world) =>
      during(world, ['database'], async () => {
        await world.database.restart?.();
        await recovered(world);
      }),
  },
  {
    name: 'older backup restored',
    weight: 0.5,
    place: 'files of the database',
    make: (world, random, signal) =>
      during(world, ['restore', 'server'], async () => {
        await backUp(world);
        await pause(random.between(2_000, 15_000), signal);
        await restoreBackup(world);
      }),
  },
  {
    name: 'container engine hangs',
    weight: 1,
    missing: ({ containers }) => (containers ? undefined : 'there is none'),
    make: (world, random, signal) =>
      during(world, ['worker'], async () => {
        const goOn = world.containers?.hang();
        await pause(random.between(500, 10_000), signal);
        goOn?.();
        await recovered(world);
      }),
  },
  {
    name: 'container engine restarted, its containers live on',
    weight: 0.7,
    missing: ({ containers }) => (containers ? undefined : 'there is none'),
    make: (world, random, signal) => restartEngine(world, random, signal, true),
  },
  {
    name: 'container engine restarted with its containers',
    weight: 0.7,
    missing: ({ containers }) => (containers ? undefined : 'there is none'),
    make: (world, random, signal) => restartEngine(world, random, signal, false),
  },
  {
    name: 'clock set by an hour',
    weight: 1,
    make: (world, random, signal) =>
      during(world, ['clock'], async () => {
        world.setClock(random.chance(0.5) ? hourMs : -hourMs);
        await pause(random.between(3_000, 12_000), signal);
        world.setClock(0);
        await pause(1_000);
        await recovered(world);
      }),
  },
  {
    name: 'disk full',
    weight: 1,
    missing: ({ dataDir }) =>
      statfsSync(dataDir).blocks * statfsSync(dataDir).bsize > 1024 ** 3
        ? 'the data folder is on a large disk (needs root, to make a small one)'
        : undefined,
    make: (world, random, signal) =>
      during(world, ['disk', 'database'], async () => {
        const free = await fillDisk(world.dataDir);
        await pause(random.between(1_000, 8_000), signal);
        free();
        await until('the data folder can be written', () => true);
        await recovered(world);
      }),
  },
];

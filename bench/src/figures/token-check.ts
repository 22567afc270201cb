import { join } from 'node:path';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import type { Figure, Measurement } from '../figure.js';
import { spreadOf, turned } from '../statistics.js';
import { betterAuthContender, ownContender, type TokenContender } from './token-contenders.js';

const storedKeys = 10_000;
const rounds = 5;
const secondsEach = 5;
const warmUpSeconds = 1;
const batch = 50;

/** Checks per second, one after another, each with another of the stored keys; what is written afterwards counts. */
async function checksPerSecond({ keys, open }: TokenContender, seconds: number): Promise<number> {
  const { check, close } = open();
  const began = performance.now();
  let checks = 0;
  while (performance.now() - began < seconds * 1000) {
    for (let index = 0; index < batch; index++) await check(keys[checks++ % keys.length] as string);
    // Timers, such as those that write last uses, get their turn as in a server.
    await new Promise(setImmediate);
  }
  await close();
  return (checks / (performance.now() - began)) * 1000;
}

/** The check of a personal access token against that of better-auth's API-key plugin, in one process, on one database. */
export const tokenCheck: Figure = {
  name: 'token-check',
  about: "checks of a token per second, as a multiple of better-auth's API-key plugin on the same database",
  async measure({ resources, progress }) {
    const folder = await resources.folder('token-check');
    const database = await openDatabase({ dialect: 'sqlite', file: join(folder, 'bench.db') });
    resources.onClose(() => database.db.destroy());
    progress(`storing ${storedKeys} keys of each`);
    const own = await ownContender(database, storedKeys);
    const contenders = { ...own, betterAuth: await betterAuthContender(database, storedKeys) };
    const names = ['cached', 'uncached', 'betterAuth'] as const;
    for (const name of names) await checksPerSecond(contenders[name], warmUpSeconds);

    const measured: Record<(typeof names)[number], number[]> = { cached: [], uncached: [], betterAuth: [] };
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      for (const name of turned(names, round)) {
        measured[name].push(await checksPerSecond(contenders[name], secondsEach));
      }
    }
    const rate = (name: (typeof names)[number]) => Math.round(spreadOf(measured[name]).median);
    const compare = (figure: string, name: 'cached' | 'uncached'): Measurement => {
      const { median, min, max } = spreadOf(measured[name].map((value, at) => value / (measured.betterAuth[at] ?? 0)));
      const note = `${rate(name)} checks/s against ${rate('betterAuth')} checks/s, ${storedKeys} keys stored`;
      return { name: figure, value: median, unit: 'x', goal: { kind: 'atLeast', value: 20 }, min, max, rounds, note };
    };
    return [compare('token-check', 'cached'), compare('token-check-uncached', 'uncached')];
  },
};

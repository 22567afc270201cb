import { afterEach, expect, test } from 'vitest';
import { during } from '../faults/fault.js';
import { fillDisk } from '../world/disk.js';
import { until } from '../world/wait.js';
import { noDisk, openScene, type Scene } from './support.js';

let scene: Scene | undefined;
afterEach(async () => scene?.close());

test.skipIf(noDisk)(
  `a full disk: refusals that say so, no lost session, no wrong end${noDisk ? ` (${noDisk})` : ''}`,
  async () => {
    scene = await openScene({ diskMegabytes: 100 });
    const { world, talk, talkOn, finish, ended, isLive, isHeard, refusals } = scene;
    const [short, long] = [await talk(3), await talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    await during(world, ['disk', 'database'], async () => {
      const free = await fillDisk(world.dataDir);
      expect(await talk(1)).toBeUndefined();
      expect(refusals.at(-1)).toMatch(/disk .* is full: nothing was changed\. Free some space and try again/);
      await until('the bot of the short session has finished', () => !isLive(short));
      free();
    });

    expect(await ended(short)).toMatchObject({ endReason: 'completed' });
    await isHeard(long);
    const after = await until('sessions are started again', () => talk(1));
    await ended(after);
    await finish(long);
    expect(await ended(long)).toMatchObject({ endReason: 'completed' });
    expect(await scene.breaches()).toEqual([]);
  },
);

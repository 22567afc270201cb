import { afterEach, expect, test } from 'vitest';
import { during, recovered } from '../faults/fault.js';
import { until } from '../world/wait.js';
import { noEngine, openScene, type Scene } from './support.js';

let scene: Scene | undefined;
afterEach(async () => scene?.close());

test.skipIf(noEngine)(
  `a container engine that hangs: refusals that say so, no lost session, no wrong end, and all goes on afterwards${noEngine ? ` (${noEngine})` : ''}`,
  async () => {
    scene = await openScene({ driver: 'docker' });
    const { world, talk, talkOn, finish, ended, isLive, isHeard, isWarm, refusals } = scene;
    const [short, long] = [await talk(4), await talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    await during(world, ['worker'], async () => {
      await until('an instance is warm', isWarm);
      const goOn = world.containers?.hang();
      // A warm instance needs no engine to take a session.
      const warm = await talk(1);
      if (!warm) throw new Error(`a warm session was refused: ${refusals.at(-1)}`);
      // By then it must have been refused: nobody who calls waits longer.
      expect(await talk(1)).toBeUndefined();
      expect(refusals.at(-1)).toMatch(/"status":503/);
      expect(refusals.at(-1)).toMatch(/none can be made.* did not answer .*The session was not started\. Try again/);
      await until('the bot of the short session has finished', () => !isLive(short));
      await isHeard(long);
      goOn?.();
      await recovered(world);
    });

    expect(await ended(short)).toMatchObject({ endReason: 'completed' });
    const after = await until('sessions are started again', () => talk(1));
    await ended(after);
    await finish(long);
    expect(await ended(long)).toMatchObject({ endReason: 'completed' });
    expect(await scene.breaches()).toEqual([]);
  },
);

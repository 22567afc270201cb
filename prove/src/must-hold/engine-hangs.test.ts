import { afterEach, expect, test } from 'vitest';
import { during, recovered } from '../faults/fault.js';
import { pause, until } from '../world/wait.js';
import { noEngine, openScene, type Scene } from './support.js';

let scene: Scene | undefined;
afterEach(async () => scene?.close());

const hangMs = 12_000;

test.skipIf(noEngine)(
  `a container engine that hangs: no lost session, no wrong end, and all goes on afterwards${noEngine ? ` (${noEngine})` : ''}`,
  async () => {
    scene = await openScene({ driver: 'docker' });
    const { world, talk, talkOn, finish, ended, isLive, isHeard } = scene;
    const [short, long] = [await talk(4), await talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    await during(world, ['worker'], async () => {
      const goOn = world.containers?.hang();
      await until('the bot of the short session has finished', () => !isLive(short));
      await pause(hangMs);
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

import { afterEach, expect, test } from 'vitest';
import { during, recovered } from '../faults/fault.js';
import { until } from '../world/wait.js';
import { agent, noEngine, openScene, type Scene } from './support.js';

let scene: Scene | undefined;
afterEach(async () => scene?.close());

test.skipIf(noEngine)(
  `a container engine that hangs: refusals that say so, no lost session, no wrong end, and all goes on afterwards${noEngine ? ` (${noEngine})` : ''}`,
  async () => {
    scene = await openScene({ driver: 'docker' });
    const { world, caller, talk, talkOn, finish, ended, isLive, isHeard, isWarm, refusals } = scene;
    const [short, long] = [await talk(4), await talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    // More places than are kept warm.
    await caller.limit(agent, 1, 20);
    const warm: string[] = [];

    await during(world, ['worker'], async () => {
      await until('an instance is warm', isWarm);
      const goOn = world.containers?.hang();
      // A warm instance needs no engine to take a session. Once none is left, the caller is told before it has waited for long.
      for (let next = await talkOn(); next !== undefined; next = await talkOn()) warm.push(next);
      expect(warm).not.toEqual([]);
      expect(refusals.at(-1)).toMatch(/"code":"503","reason":"PCC-ENGINE-AWAY"/);
      expect(refusals.at(-1)).toMatch(/none can be made.* did not answer .*The session was not started\. Try again/);
      await until('the bot of the short session has finished', () => !isLive(short));
      await isHeard(long);
      goOn?.();
      await recovered(world);
    });

    expect(await ended(short)).toMatchObject({ endReason: 'completed' });
    const after = await until('sessions are started again', () => talk(1));
    await ended(after);
    for (const session of warm) {
      await finish(session);
      expect(await ended(session)).toMatchObject({ endReason: 'completed' });
    }
    await finish(long);
    expect(await ended(long)).toMatchObject({ endReason: 'completed' });
    expect(await scene.breaches()).toEqual([]);
  },
);

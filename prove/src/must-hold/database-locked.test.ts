import { afterEach, expect, test } from 'vitest';
import { during } from '../faults/fault.js';
import { now, pause, until } from '../world/wait.js';
import { agent, openScene, type Scene } from './support.js';

let scene: Scene;
afterEach(() => scene.close());

const lockMs = 30_000;

test.each(['sqlite', 'postgres'] as const)(
  'a %s database that is locked for 30 s: refusals that say so, no lost session, no wrong end',
  async (database) => {
    scene = await openScene({ database });
    const { world, caller, refusals } = scene;
    const [short, long] = [await scene.talk(8), await scene.talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    const asked = now();
    await during(world, ['database'], async () => {
      const locked = world.database.lock(lockMs);
      await pause(500);
      const starting = scene.talk(1);
      // Alive all the while: it answers, and keeps its worker.
      await until('the process answers', async () => (await fetch(`${world.url}/livez`)).ok, 10_000);
      expect(await starting).toBeUndefined();
      expect(now() - asked).toBeLessThan(lockMs);
      expect(refusals.at(-1)).toMatch(/The database is busy: nothing was changed\. Try again/);
      await locked;
    });

    expect(await scene.ended(short)).toMatchObject({ endReason: 'completed' });
    expect(scene.isLive(long)).toBe(true);
    await caller.ask(agent, long);
    const after = await until('sessions are started again', () => scene.talk(1), 15_000);
    await scene.ended(after);
    await scene.finish(long);
    expect(await scene.ended(long)).toMatchObject({ endReason: 'completed' });
    expect(await scene.breaches()).toEqual([]);
  },
);

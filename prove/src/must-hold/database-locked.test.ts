import { afterEach, expect, test } from 'vitest';
import { during } from '../faults/fault.js';
import { now, pause, until } from '../world/wait.js';
import { agent, openScene, type Scene } from './support.js';

let scene: Scene;
afterEach(() => scene.close());

const lockMs = 30_000;
/** By then it must have been refused; nobody who calls waits longer. */
const longestMs = 120_000;

test.each(['sqlite', 'postgres'] as const)(
  'a %s database that is locked for 30 s: refusals that say so, no lost session, no wrong end',
  async (database) => {
    scene = await openScene({ database });
    const { world, caller, refusals } = scene;
    const [short, long] = [await scene.talk(8), await scene.talkOn()];
    if (!short || !long) throw new Error('a session was refused before anything was wrong');

    await during(world, ['database'], async () => {
      const enough = new AbortController();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const locked = world.database.lock(longestMs, enough.signal, begin);
      await Promise.race([begun, locked]);
      const asked = now();
      const starting = scene.talk(1);
      // Alive all the while: it answers, and keeps its worker.
      await until('the process answers', async () => (await fetch(`${world.url}/livez`)).ok);
      // While it is locked, and not only once it is free again.
      expect(await starting).toBeUndefined();
      expect(refusals.at(-1)).toMatch(/The database is busy: nothing was changed\. Try again/);
      await pause(lockMs - (now() - asked));
      enough.abort();
      await locked;
    });

    expect(await scene.ended(short)).toMatchObject({ endReason: 'completed' });
    await scene.isHeard(long);
    await caller.ask(agent, long);
    const after = await until('sessions are started again', () => scene.talk(1));
    await scene.ended(after);
    await scene.finish(long);
    expect(await scene.ended(long)).toMatchObject({ endReason: 'completed' });
    expect(await scene.breaches()).toEqual([]);
  },
);

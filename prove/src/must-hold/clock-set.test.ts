import { afterEach, expect, test } from 'vitest';
import { during, recovered } from '../faults/fault.js';
import { pause, until } from '../world/wait.js';
import { agent, openScene, type Scene } from './support.js';

let scene: Scene;
afterEach(() => scene.close());

const hourMs = 3_600_000;

test.each([
  { direction: 'forward', offsetMs: 2 * hourMs + 60_000 },
  { direction: 'back', offsetMs: -hourMs },
])('a clock that is set $direction by hours, and stays so: no lost session, no wrong end', async ({ offsetMs }) => {
  scene = await openScene();
  const { world, caller } = scene;
  const [short, long] = [await scene.talk(2), await scene.talkOn()];
  if (!short || !long) throw new Error('a session was refused before anything was wrong');
  await caller.ask(agent, long);

  await during(world, ['clock', 'worker', 'server'], async () => {
    world.setClock(offsetMs);
    // What was signed by the old clock does not stand in the way, once both processes see the new one.
    const relayed = () => world.recorder.events().filter(({ type }) => type === 'relayed').length;
    const before = relayed();
    await pause(200);
    await until('the session is reached', async () => {
      await caller.ask(agent, long);
      return relayed() > before;
    });
    const meanwhile = await scene.talk(1);
    if (!meanwhile) throw new Error('a session was refused because of the clock');
    expect(await scene.ended(meanwhile)).toMatchObject({ endReason: 'completed' });
    expect(await scene.ended(short)).toMatchObject({ endReason: 'completed' });

    // Whoever is started by the new clock must not take the session for one that is over.
    for (const part of ['worker', 'server'] as const) {
      await world.parts[part].crash();
      await recovered(world);
    }
    await pause(2_000);
    await scene.isHeard(long);
    // A pool is filled again by any clock.
    const again = await until('sessions are started', () => scene.talk(1));
    await scene.ended(again);
  });

  await scene.finish(long);
  expect(await scene.ended(long)).toMatchObject({ endReason: 'completed' });
  expect(await scene.breaches()).toEqual([]);
});

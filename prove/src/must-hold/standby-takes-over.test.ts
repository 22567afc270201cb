import { afterEach, expect, test } from 'vitest';
import { during, recovered } from '../faults/fault.js';
import { until } from '../world/wait.js';
import { agent, openScene, type Scene } from './support.js';

let scene: Scene | undefined;
afterEach(async () => scene?.close());

test('the control plane that runs the agents is killed: the one beside it goes on with the same sessions', async () => {
  scene = await openScene({ database: 'postgres', controlPlanes: 2 });
  const { world, caller, talk, ended, isHeard } = scene;
  const long = await talk(600);
  if (!long) throw new Error('a session was refused before anything was wrong');
  const killed = world.leader();

  await during(world, ['server'], async () => {
    await killed.stop('SIGKILL');
    const next = await until('a session is started at the other one', () => talk(1));
    expect(world.leader()).not.toBe(killed);
    await isHeard(long);
    // What was killed comes back and stands by.
    killed.start();
    await recovered(world);
    expect(world.leader()).not.toBe(killed);
    await ended(next);
  });
  await caller.ask(agent, long);
  await caller.stop(agent, long);
  expect(await ended(long)).toMatchObject({ endReason: 'stopped' });
  expect(await scene.breaches()).toEqual([]);
});

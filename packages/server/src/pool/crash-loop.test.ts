import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openRolloutWorld, type RolloutWorld, until } from '../testing/rollout-world.js';

describe.each(scratchDatabases)('a deployment whose instances end again and again, on $name', (database) => {
  let world: RolloutWorld;
  beforeEach(async () => {
    world = await openRolloutWorld(database);
  });
  afterEach(() => world.close());

  const degraded = async () => (await world.status()).conditions?.find(({ type }) => type === 'Degraded');
  /** The only instance ends by itself, without a session. */
  function end(): void {
    for (const [id, instance] of world.worker.instances)
      world.worker.instances.set(id, {
        ...instance,
        state: 'exited',
        error: { code: 'PCC_UNKNOWN_ERROR', message: 'The instance ended with exit code 3. Its last output: no disk' },
      });
    world.worker.observe();
  }

  test('is told as a crash loop with the reason of the last end, is tried ever more seldom, and is well again once it has served', async () => {
    await world.deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 3 } });
    await world.ready();
    world.worker.behaviour.starts = 'failed';
    end();
    await until(async () => expect(await degraded()).toMatchObject({ status: 'True', reason: 'CrashLoop' }));
    const made = world.worker.commands.filter((command) => command.do === 'ensure').length;
    const service = await world.status();
    expect(service.currentRevision?.health).toMatchObject({
      ...{ ready: false, state: 'waiting', reason: 'CrashLoop', message: 'it was told to fail' },
      restartCount: expect.any(Number),
    });
    expect((await degraded())?.message).toMatch(/^Crash loop: \d+ instances in a row.*The last: it was told to fail$/);
    // It was deployed well: whoever waits for the deploy is not told otherwise.
    expect([service.ready, service.errors]).toEqual([true, []]);
    // One after the other, though there are places for three.
    const failures = service.currentRevision?.health.restartCount ?? 0;
    expect(made).toBeLessThanOrEqual(failures + 1);

    world.worker.behaviour.starts = 'ready';
    const { status, body } = await world.start();
    expect(status).toBe(200);
    expect(await degraded()).toMatchObject({ status: 'True' });
    world.worker.endSession(body.sessionId, 'completed');
    await until(async () => expect(await degraded()).toMatchObject({ status: 'False' }));
    expect((await world.status()).currentRevision?.health).toMatchObject({ ready: true, restartCount: 0 });
  });

  test('a single end is none', async () => {
    await world.deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 3 } });
    await world.ready();
    end();
    await until(async () => expect((await world.status()).currentRevision?.health.restartCount).toBe(1));
    expect(await degraded()).toMatchObject({ status: 'False' });
    expect((await world.status()).currentRevision?.health).toMatchObject({
      ready: true,
      message: expect.stringContaining('exit code 3. Its last output: no disk'),
    });
  });
});

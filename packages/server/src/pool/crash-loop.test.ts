import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot, SlotState } from '../slots/slot-repository.js';
import { scratchDatabases } from '../testing/databases.js';
import { openRolloutWorld, type RolloutWorld, until } from '../testing/rollout-world.js';
import { recoveredDeployments } from './crash-loop.js';
import type { Facts } from './facts.js';

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

  test('is told too when sessions end with it, with why; what goes on is left alone, and a session that ends well ends it', async () => {
    await world.deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 3 } });
    await world.ready();
    const { body: other } = await world.start();
    const sessions = async (id: string) => (await world.call('GET', `/bot/sessions/${id}`)).body;
    for (let crashes = 1; crashes <= 3; crashes++) {
      const { status, body } = await until(async () => {
        const started = await world.start();
        expect(started.status).toBe(200);
        return started;
      });
      expect([status, await degraded()]).toMatchObject([200, { status: 'False' }]);
      const detail = `The instance ended with exit code ${crashes}, pk_0123456789abcdef\u0000${'.'.repeat(2000)}`;
      world.worker.endSession(body.sessionId, 'instance_exited', 'exited', new Date(), detail);
      await until(async () => expect((await sessions(body.sessionId)).state).toBe('ended'));
      const ended = await sessions(body.sessionId);
      expect(ended).toMatchObject({ endReason: 'instance_exited', completionStatus: 'INSTANCE_EXITED' });
      expect(ended.endDetail).toMatch(new RegExp(`^The instance ended with exit code ${crashes}, pk_\\[redacted\\] `));
      expect(ended.endDetail.length).toBeLessThanOrEqual(1000);
    }
    expect(await degraded()).toMatchObject({
      ...{ status: 'True', reason: 'CrashLoop' },
      message: expect.stringMatching(
        /^Crash loop: 3 sessions in a row .*The last: The instance ended with exit code 3,/,
      ),
    });
    expect((await world.status()).currentRevision?.health).toMatchObject({ ready: false, restartCount: 3 });
    expect(await sessions(other.sessionId)).toMatchObject({ state: 'active', endDetail: null });
    world.worker.endSession(other.sessionId, 'completed');
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

describe('what a deployment counts begins anew', () => {
  const now = new Date('2030-01-01T00:10:00Z');
  const clearedBy = (state: SlotState, change: Partial<Slot> = {}) =>
    recoveredDeployments(
      {
        deployments: new Map([['d', { id: 'd', startFailures: 2, phase: 'Active' } as Deployment]]),
        slots: [{ deploymentId: 'd', state, served: 0, changedAt: now.toISOString(), ...change } as Slot],
      } as unknown as Facts,
      now,
    ).length > 0;
  const longAgo = { changedAt: '2030-01-01T00:00:00Z' };

  test('for its starts with an instance that has stayed, or has had a session', () => {
    expect(clearedBy('settling')).toBe(true);
    expect(clearedBy('ready', longAgo)).toBe(true);
    expect(clearedBy('ready', { served: 3 })).toBe(true);
    expect(clearedBy('claimed', longAgo)).toBe(true);
    for (const state of ['ready', 'claimed', 'retiring', 'starting'] as const) expect(clearedBy(state)).toBe(false);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSpendService } from '../spend/spend-service.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createSessionEnds, type EndReason } from './session-ends.js';

const minuteMs = 60_000;
const later = (time: Date, minutes: number) => new Date(time.getTime() + minutes * minuteMs);

describe.each(databases)('ends of sessions on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const { store, acme, clock } = world;
    const now = clock.now().toISOString();
    await store.agents.insert({
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 3 },
      ...{ websocketAuth: 'none', desiredDeploymentId: 'd', liveDeploymentId: 'd', reconciledDeploymentId: 'd' },
      ...{ createdAt: now, updatedAt: now, deletedAt: null },
    });
    await store.deployments.insert({
      ...{ id: 'd', organizationId: acme.id, agentId: 'a', image: 'i', buildId: null, secretSet: null },
      ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '1', memory: '1Gi', architecture: null },
      ...{ maxSessionSeconds: null, krispAudioFilter: null, phaseStartedAt: now, startFailures: 0, error: null },
      ...{ phase: 'Active', createdAt: now, updatedAt: now },
    });
  });
  afterEach(() => world.drop());

  /** A session, which ends for that reason. */
  async function end(reason: EndReason, { began = true } = {}): Promise<void> {
    const { store, clock } = world;
    const ends = createSessionEnds({ store, clock, spend: { charge: async () => {} } });
    const [sessionId, at] = [await begin({ began }), clock.now().toISOString()];
    const slot = reason === 'duration_exceeded' ? 'quarantined' : 'settling';
    expect(await ends.end({ sessionId, epoch: 1, reason, detail: 'out of memory', at, slot })).toBe(true);
  }
  async function begin({ began = true } = {}): Promise<string> {
    const { store, ids, clock } = world;
    const [sessionId, at] = [ids.id(), clock.now().toISOString()];
    await store.sessions.insert({
      ...{ id: sessionId, organizationId: 'org-a', agentId: 'a', deploymentId: 'd', slotId: null, instanceId: 'i' },
      ...{ epoch: 1, state: 'starting', entry: 'bot', coldStart: false, createdAt: at, updatedAt: at },
      ...{ activatedAt: null, endedAt: null, endReason: null, completionStatus: null },
    });
    if (began) await store.sessions.activate(sessionId, 1, clock.now(), 0);
    return sessionId;
  }
  const reported = [
    { what: 'within it', minutes: 4, lasted: 4 },
    { what: 'by a clock that is ahead', minutes: 90, lasted: 10 },
    { what: 'by a clock that is behind', minutes: -90, lasted: 0 },
    { what: 'at no time', minutes: Number.NaN, lasted: 10 },
  ];
  test.each(reported)(
    'one of ten minutes that is said to have ended $what is recorded, charged and counted as one of $lasted',
    async ({ minutes, lasted }) => {
      const { store, clock, audit } = world;
      const spend = createSpendService({ store, clock, audit, centsPerMinute: 1 });
      const began = clock.now();
      const sessionId = await begin();
      clock.advance(10 * minuteMs);
      const at = Number.isNaN(minutes) ? 'soon' : later(began, minutes).toISOString();
      await createSessionEnds({ store, clock, spend }).end({
        ...{ sessionId, epoch: 1, reason: 'completed', at, slot: 'settling' },
      });
      const endedAt = later(began, lasted).toISOString();
      expect(await store.sessions.find('org-a', 'a', sessionId)).toMatchObject({ endedAt });
      expect(await store.spend.microcents('org-a', '2026-05')).toBe(lasted * 1_000_000);
      const { stretches } = await store.usageDays.read('org-a', '2026-05-01', '2026-05-31');
      expect(stretches).toMatchObject([{ kind: 'session', beganAt: began.toISOString(), endedAt }]);
    },
  );

  test('one that had not begun ended no earlier than it was made', async () => {
    const { store, clock } = world;
    const made = clock.now();
    const sessionId = await begin({ began: false });
    await createSessionEnds({ store, clock, spend: { charge: async () => {} } }).end({
      ...{ sessionId, epoch: 1, reason: 'connect_timeout', at: later(made, -90).toISOString(), slot: 'settling' },
    });
    expect((await store.sessions.find('org-a', 'a', sessionId))?.endedAt).toBe(made.toISOString());
  });

  describe('what a deployment counts of those that crashed', () => {
    const counted = async () => {
      const found = await world.store.deployments.find('org-a', 'd');
      return { crashes: found?.sessionCrashes, error: found?.error?.message };
    };
    beforeEach(async () => {
      await end('instance_exited');
      await end('instance_exited');
      expect(await counted()).toEqual(twice);
    });
    const twice = { crashes: 2, error: 'out of memory' };
    const failed = { code: 'PCC_UNKNOWN_ERROR', message: 'no start' };

    test.each(['completed', 'duration_exceeded', 'stopped', 'bot_failed', 'socket_closed'] as const)(
      'begins anew with one that ends as %s',
      async (reason) => {
        await end(reason);
        expect(await counted()).toEqual({ crashes: 0, error: undefined });
      },
    );

    test('stays with one that never began, and with one that nobody knows the end of', async () => {
      await end('start_failed', { began: false });
      await end('instance_lost');
      expect(await counted()).toEqual(twice);
    });

    test('leaves alone what was last said of starts that fail, and of a deployment that was given up', async () => {
      const { deployments } = world.store;
      await deployments.addStartFailure('d', failed, world.clock.now());
      await end('completed');
      expect(await counted()).toEqual({ crashes: 0, error: 'no start' });
      await end('completed');
      expect(await counted()).toEqual({ crashes: 0, error: 'no start' });
      await end('instance_exited');
      await deployments.setPhase('d', ['Active'], 'Failed', world.clock.now());
      await end('completed');
      expect(await counted()).toEqual({ crashes: 1, error: 'out of memory' });
    });

    // SQLite has one writer.
    if (database.name === 'PostgreSQL')
      test('is waited for by no session where there is nothing to forget', async () => {
        const { store, clock } = world;
        await end('completed');
        await store.transaction(async (repos) => {
          await repos.deployments.markLive('d', clock.now());
          await end('completed');
        });
        expect(await counted()).toEqual({ crashes: 0, error: undefined });
      });

    test('does not go with failed starts before them, nor its error', async () => {
      const { deployments } = world.store;
      await deployments.addStartFailure('d', failed, world.clock.now());
      await end('instance_exited');
      const read = await deployments.find('org-a', 'd');
      if (!read) throw new Error('The deployment is there');
      await deployments.clearStartFailures(read);
      expect(await counted()).toEqual({ crashes: 3, error: 'out of memory' });
      expect((await deployments.find('org-a', 'd'))?.startFailures).toBe(0);
    });
  });
});

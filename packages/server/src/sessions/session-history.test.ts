import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createSessionHistory } from './session-history.js';
import { createSessionUsage } from './session-usage.js';

const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [agentId, otherAgentId, deploymentId] = [uuid(1), uuid(2), uuid(3)];
const silent = { warn: () => undefined };

describe.each(databases)('what sessions leave behind on $name', (database) => {
  let world: TwoOrganizations;
  const removedLogs: string[] = [];
  const logAgents: string[] = [];

  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    removedLogs.length = 0;
    logAgents.length = 0;
    for (const [id, name] of [
      [agentId, 'bot'],
      [otherAgentId, 'other'],
    ] as const)
      await addAgent(id, name);
  });
  afterEach(() => world.drop());

  async function addAgent(id: string, name: string): Promise<void> {
    const now = world.clock.now().toISOString();
    await world.store.agents.insert({
      ...{ id, organizationId: world.acme.id, name, region: 'us-west', minAgents: 0, maxAgents: 1 },
      ...{ websocketAuth: 'none', desiredDeploymentId: null, liveDeploymentId: null, reconciledDeploymentId: null },
      ...{ createdAt: now, updatedAt: now, deletedAt: null },
    });
    if (id !== agentId && id !== otherAgentId) return;
    await world.store.deployments.insert({
      ...{ id: id === agentId ? deploymentId : uuid(4), organizationId: world.acme.id, agentId: id, image: 'i' },
      ...{ buildId: null, secretSet: null, imagePullSecretSet: null, profile: 'agent-1x', cpu: '500m', memory: '1Gi' },
      ...{ architecture: null, maxSessionSeconds: null, krispAudioFilter: null, phase: 'Active', startFailures: 0 },
      ...{ phaseStartedAt: now, error: null, createdAt: now, updatedAt: now },
    });
  }

  async function addSession(id: string, of = agentId, ended = true): Promise<void> {
    const now = world.clock.now();
    await world.store.transaction(async (repos) => {
      await repos.sessions.insert({
        ...{ id, organizationId: world.acme.id, agentId: of, deploymentId: of === agentId ? deploymentId : uuid(4) },
        ...{ slotId: null, instanceId: null, epoch: 1, state: 'starting', entry: 'bot', coldStart: false },
        ...{ createdAt: now.toISOString(), activatedAt: null, endedAt: null, endReason: null, completionStatus: null },
        updatedAt: now.toISOString(),
      });
      const end = { reason: 'completed', completionStatus: 'HTTP_COMPLETED', at: now.toISOString() };
      if (ended) await repos.sessions.end(id, 1, end, now);
    });
  }

  const rows = async (table: 'session' | 'session_usage' | 'session_metrics' | 'session_trace' | 'session_tally') =>
    (await world.db.selectFrom(table).selectAll().execute()).length;
  const openUsage = () => createSessionUsage({ store: world.store, clock: world.clock, log: silent });
  const openHistory = (days = 0) =>
    createSessionHistory({
      ...{ store: world.store, clock: world.clock, days },
      logAgents: async () => logAgents,
      removeLogs: async (id) => void removedLogs.push(id),
    });

  const trace = {
    ...{ sessionId: '', requestedAt: '', coldStart: false, coldReason: null, outcome: 'started' as const },
    ...{ error: null, instanceId: null, workerId: null, totalMs: 1, steps: [] },
  };
  const never = new AbortController().signal;

  describe('CPU and memory', () => {
    const sample = (t: number) => ({ t, c: t, m: t * 1000 });

    test('samples are there at once, each counted once, and none of a session that there is not', async () => {
      await addSession(uuid(10), agentId, false);
      const usage = openUsage();
      expect(await usage.metricsOf(uuid(10))).toBeNull();
      usage.add(uuid(10), [sample(100), sample(105)]);
      usage.add(uuid(10), [sample(105), sample(110)]);
      usage.add(uuid(99), [sample(100)]);
      usage.add('no uuid', [sample(100)]);
      usage.add(uuid(10), [{ t: 115, c: -1, m: 0.5 }]);
      expect(await usage.metricsOf(uuid(10))).toMatchObject({
        ...{ sampleCount: 3, cpuMillicoresP50: 105, cpuMillicoresP99: 110, memoryBytesP90: 110_000 },
        timeseries: [sample(100), sample(105), sample(110)],
      });
      expect(await rows('session_usage')).toBe(3);
    });

    test('of an ended session become one row of bounded length, with the percentiles of every sample', async () => {
      await addSession(uuid(10));
      await addSession(uuid(11), agentId, false);
      const usage = openUsage();
      const all = Array.from({ length: 1000 }, (_, index) => sample(1000 + index * 5));
      usage.add(uuid(10), all);
      usage.add(uuid(11), [sample(5)]);
      const before = await usage.metricsOf(uuid(10));
      expect(await usage.summarise()).toBe(0);
      world.clock.advance(61_000);
      expect(await usage.summarise()).toBe(1);
      expect([await rows('session_usage'), await rows('session_metrics')]).toEqual([1, 1]);
      const after = await usage.metricsOf(uuid(10));
      expect(after).toEqual(before);
      expect(after).toMatchObject({ sampleCount: 1000, cpuMillicoresP50: 3495, cpuMillicoresP99: 5945 });
      expect(after?.timeseries.length).toBe(360);
      expect([after?.timeseries[0]?.t, after?.timeseries.at(-1)?.t]).toEqual([1000, 5995]);
      for (const value of Object.values(after ?? {})) if (typeof value === 'number') expect(value % 1).toBe(0);
    });

    test('of a session that has its one row change nothing more, however late they come, or how often', async () => {
      await addSession(uuid(10));
      const usage = openUsage();
      const all = Array.from({ length: 100 }, (_, index) => sample(1000 + index * 5));
      usage.add(uuid(10), all);
      await usage.write();
      world.clock.advance(61_000);
      // Said again, and not written yet where the row is made.
      usage.add(uuid(10), all.slice(-1));
      await usage.summarise();
      const whole = await usage.metricsOf(uuid(10));
      expect(whole?.sampleCount).toBe(100);
      for (const late of [[], [sample(2000)]]) {
        usage.add(uuid(10), late);
        await usage.write();
        await usage.summarise();
        expect(await usage.metricsOf(uuid(10))).toEqual(whole);
        expect([await rows('session_usage'), await rows('session_metrics')]).toEqual([0, 1]);
      }
    });
  });

  describe('a deleted agent', () => {
    async function fill(count: number, of = agentId): Promise<void> {
      for (let index = 0; index < count; index++) await addSession(uuid((of === agentId ? 1000 : 5000) + index), of);
      const usage = openUsage();
      usage.add(uuid(1000), [{ t: 1, c: 1, m: 1 }]);
      await usage.write();
      await world.store.traces.save([{ ...trace, sessionId: uuid(1000) }]);
      await world.store.logRetention.put(world.acme.id, agentId, { days: 1, megabytes: null }, world.clock.now());
    }
    test('takes its sessions and what hangs on them along, and nothing of others', async () => {
      await fill(450);
      await addSession(uuid(5000), otherAgentId);
      await openHistory().removeDeleted(never);
      expect(await rows('session')).toBe(451);
      await world.store.agents.markDeleted(world.acme.id, agentId, world.clock.now());
      await openHistory().removeDeleted(never);
      expect(await rows('session')).toBe(1);
      expect(await rows('session_tally')).toBe(1);
      expect([await rows('session_usage'), await rows('session_metrics'), await rows('session_trace')]).toEqual([
        0, 0, 0,
      ]);
      expect(await world.store.logRetention.all()).toEqual(new Map());
      expect(await world.store.sessionHistory.deletedAgents(10)).toEqual([]);
    });

    test('keeps a session that still runs until it has ended', async () => {
      await fill(2);
      await addSession(uuid(10), agentId, false);
      await world.store.agents.markDeleted(world.acme.id, agentId, world.clock.now());
      await openHistory().removeDeleted(never);
      expect(await rows('session')).toBe(1);
      const end = { reason: 'completed', completionStatus: 'x', at: world.clock.now().toISOString() };
      await world.store.transaction((repos) => repos.sessions.end(uuid(10), 1, end, world.clock.now()));
      await openHistory().removeDeleted(never);
      expect([await rows('session'), await rows('session_tally')]).toEqual([0, 0]);
    });

    test('loses a log that was left over, and no living agent does', async () => {
      logAgents.push(agentId, otherAgentId, uuid(77), 'no-uuid');
      await world.store.agents.markDeleted(world.acme.id, agentId, world.clock.now());
      await openHistory().removeStrayLogs();
      expect(removedLogs.sort()).toEqual([agentId, uuid(77)].sort());
    });
  });

  describe('a session that ended long ago', () => {
    const days = (count: number) => world.clock.advance(count * 24 * 60 * 60 * 1000);
    const ids = async () =>
      (await world.db.selectFrom('session').select('id').orderBy('id').execute()).map(({ id }) => id);
    const totalOf = async (agent: string) =>
      (await world.store.sessions.list(world.acme.id, agent, {}, { limit: 1, offset: 0 })).total;

    test('goes with its metrics and trace, and from the counts; younger ones, open ones and logs stay', async () => {
      for (const id of [uuid(10), uuid(11)]) await addSession(id);
      await addSession(uuid(12), agentId, false);
      await addSession(uuid(13), agentId, false);
      await addSession(uuid(20), otherAgentId);
      await world.store.traces.save([uuid(10), uuid(12), uuid(20)].map((sessionId) => ({ ...trace, sessionId })));
      const usage = openUsage();
      usage.add(uuid(10), [{ t: 1, c: 1, m: 1 }]);
      usage.add(uuid(11), [{ t: 1, c: 1, m: 1 }]);
      await usage.write();
      days(1);
      expect(await usage.summarise()).toBe(2);
      usage.add(uuid(10), [{ t: 2, c: 1, m: 1 }]);
      await usage.write();
      days(8);
      // Began long ago, and has just ended.
      const end = { reason: 'completed', completionStatus: 'x', at: world.clock.now().toISOString() };
      await world.store.transaction((repos) => repos.sessions.end(uuid(13), 1, end, world.clock.now()));
      await addSession(uuid(14));
      days(1);
      await openHistory(10).removeOld(never);
      expect(await ids()).toEqual([10, 11, 12, 13, 14, 20].map(uuid));
      world.clock.advance(1);
      await openHistory(0).removeOld(never);
      expect(await ids()).toEqual([10, 11, 12, 13, 14, 20].map(uuid));

      await openHistory(10).removeOld(never);
      expect(await ids()).toEqual([12, 13, 14].map(uuid));
      expect([await rows('session_usage'), await rows('session_metrics'), await rows('session_trace')]).toEqual([
        0, 0, 1,
      ]);
      expect([await totalOf(agentId), await totalOf(otherAgentId), await rows('session_tally')]).toEqual([3, 0, 1]);
      expect(removedLogs).toEqual([]);
    });

    test('is removed in parts, whichever of many agents it had, and nothing is written where there is none', async () => {
      const agents = Array.from({ length: 150 }, (_, index) => uuid(100 + index));
      for (const id of agents) await addAgent(id, `agent-${id}`);
      const last = agents.at(-1) ?? '';
      for (let index = 0; index < 450; index++) await addSession(uuid(1000 + index));
      await addSession(uuid(2000), last);
      const writes = vi.spyOn(world.store, 'transaction');
      await openHistory(10).removeOld(never);
      expect(writes).not.toHaveBeenCalled();
      days(11);
      await openHistory(10).removeOld(AbortSignal.abort());
      expect(writes).not.toHaveBeenCalled();
      await openHistory(10).removeOld(never);
      expect(writes).toHaveBeenCalledTimes(4);
      expect([await rows('session'), await rows('session_tally')]).toEqual([0, 0]);
    });

    test('is still counted in the usage of its day', async () => {
      await addSession(uuid(10));
      const of = { organizationId: world.acme.id, agentId };
      await world.store.usageDays.addToDays([{ ...of, day: '2026-05-04', sessionMs: 1000, idleMs: 0, sessions: 1 }]);
      const at = '2026-05-05T10:00:00.000Z';
      await world.store.usageDays.add({ ...of, kind: 'session', beganAt: at, endedAt: at });
      const before = await world.store.usageDays.read(world.acme.id, '2026-05-01', '2026-05-31');
      days(11);
      await openHistory(10).removeOld(never);
      expect(await ids()).toEqual([]);
      expect(await world.store.usageDays.read(world.acme.id, '2026-05-01', '2026-05-31')).toEqual(before);
    });
  });
});

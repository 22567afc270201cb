import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSessionEnds } from '../sessions/session-ends.js';
import { newSlot } from '../slots/new-slot.js';
import type { Slot } from '../slots/slot-repository.js';
import { createSpendService } from '../spend/spend-service.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createLastSeen } from './last-seen.js';
import { createUsageReport } from './usage-report.js';
import { createUsageRollup } from './usage-rollup.js';

const minute = 60_000;
const log = { warn: () => {} };

describe.each(databases)('usage by day on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    await addAgent('bot', 'org-a');
  });
  afterEach(() => world.drop());

  const usageOf = (organization = world.acme, query = {}) =>
    createUsageReport({ ...world, centsPerMinute: 2 })(organization, query);
  const rollup = (days = 400) => createUsageRollup({ ...world, log, days }).rollUp();
  const passes = (minutes: number) => world.clock.advance(minutes * minute);
  const ends = () => createSessionEnds({ ...world, spend: createSpendService({ ...world, centsPerMinute: 2 }) });

  async function addAgent(id: string, organizationId: string, name = 'bot') {
    const now = world.clock.now().toISOString();
    await world.store.agents.insert({
      ...{ id, organizationId, name, region: 'us-west', minAgents: 0, maxAgents: 1, websocketAuth: 'none' as const },
      ...{ reuseMaxSessions: null, reuseMaxMemoryPercent: null, desiredDeploymentId: null, liveDeploymentId: null },
      ...{ reconciledDeploymentId: null, createdAt: now, updatedAt: now, deletedAt: null },
    });
    await world.store.deployments.insert({
      ...{ id: `${id}-1`, organizationId, agentId: id, image: 'i', buildId: null, secretSet: null },
      ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '500m', memory: '1Gi', architecture: null },
      ...{ maxSessionSeconds: null, krispAudioFilter: null, phase: 'Active', phaseStartedAt: now },
      ...{ startFailures: 0, error: null, createdAt: now, updatedAt: now },
    });
  }

  const slotOf = async (agentId = 'bot', organizationId = 'org-a') =>
    (await world.store.slots.listOfAgent(organizationId, agentId))[0] as Slot;
  const move = async (state: Slot['state'], readyUntil?: Date) =>
    await world.store.transaction(async (repos) =>
      repos.slots.change(await slotOfInside(repos), { state }, world.clock.now(), readyUntil),
    );
  const slotOfInside = async (repos: Pick<TwoOrganizations['store'], 'slots'>) =>
    (await repos.slots.listOfAgent('org-a', 'bot'))[0] as Slot;

  /** An instance that is ready. */
  async function warm(agentId = 'bot', organizationId = 'org-a'): Promise<void> {
    const { store, ids, clock } = world;
    await store.slots.insert([newSlot(ids.id(), { id: agentId, organizationId }, { spare: false, now: clock.now() })]);
    const to = { deploymentId: `${agentId}-1`, instanceId: ids.id(), workerId: 'w' };
    expect(
      await store.slots.change(await slotOf(agentId, organizationId), { ...to, state: 'ready' }, clock.now()),
    ).toBe(true);
  }

  /** Claims the instance, and begins the session after so many minutes. */
  async function start(startMinutes = 0) {
    const { store, ids, clock } = world;
    const sessionId = ids.id();
    const claim = await store.transaction(async (repos) => {
      const now = clock.now();
      const claimed = await repos.slots.claim(
        {
          ...{ agentId: 'bot', sessionId, newInstanceId: ids.id(), maxSessions: null, workerIds: [] },
          choices: [{ state: 'ready', deploymentId: 'bot-1' }],
        },
        now,
      );
      if (!claimed) throw new Error('nothing was free');
      await repos.sessions.insert({
        ...{ id: sessionId, organizationId: 'org-a', agentId: 'bot', deploymentId: claimed.deploymentId },
        ...{ slotId: claimed.slotId, instanceId: claimed.instanceId, epoch: claimed.epoch, entry: 'bot' as const },
        ...{ state: 'starting' as const, coldStart: false, createdAt: now.toISOString(), activatedAt: null },
        ...{ endedAt: null, endReason: null, completionStatus: null, updatedAt: now.toISOString() },
      });
      return claimed;
    });
    passes(startMinutes);
    await store.sessions.activate(sessionId, claim.epoch, clock.now(), 0);
    return { sessionId, epoch: claim.epoch };
  }
  const end = (session: { sessionId: string; epoch: number }, at = world.clock.now().toISOString()) =>
    ends().end({ ...session, reason: 'completed', at, slot: 'settling' });

  test('warm time is idle up to a claim and after the bot is done, and a session’s from its activation to its end', async () => {
    await warm();
    passes(10);
    const session = await start(1);
    passes(5);
    const day = { day: '2026-05-04', sessions: 1, sessionSeconds: 300, idleSeconds: 600 };
    // What goes on is counted up to now.
    expect((await usageOf()).agents).toEqual([{ agent: 'bot', deleted: false, days: [day] }]);
    await end(session);
    passes(1);
    await move('ready');
    passes(3);
    const later = { ...day, idleSeconds: 780 };
    expect((await usageOf()).agents[0]?.days).toEqual([later]);
    await move('retiring');
    passes(60);
    expect((await usageOf()).agents[0]?.days).toEqual([later]);
    // The same once it has been added to its day, and however often that is done.
    await rollup();
    await rollup();
    expect((await usageOf()).agents[0]?.days).toEqual([later]);
    expect(await world.db.selectFrom('usage_stretch').selectAll().execute()).toEqual([]);
  });

  test('what goes over midnight counts on both days, a session on the one on which it began', async () => {
    world.clock.advance(13 * 60 * minute);
    await warm();
    passes(50);
    const session = await start();
    passes(30);
    await end(session);
    await rollup();
    expect((await usageOf()).agents[0]?.days).toEqual([
      { day: '2026-05-04', sessions: 1, sessionSeconds: 600, idleSeconds: 3000 },
      { day: '2026-05-05', sessions: 0, sessionSeconds: 1200, idleSeconds: 0 },
    ]);
    expect((await usageOf(world.acme, { from: '2026-05-05', to: '2026-05-05' })).agents[0]?.days).toHaveLength(1);
  });

  test('an end by a clock that is ahead counts up to now, and one that is no time too', async () => {
    await warm();
    const ahead = await start();
    passes(2);
    await end(ahead, '2026-05-05T00:00:00.000Z');
    await move('ready');
    const wrong = await start();
    passes(3);
    await end(wrong, 'soon');
    expect((await usageOf()).agents[0]?.days).toMatchObject([{ sessions: 2, sessionSeconds: 300 }]);
  });

  test('an organization sees its own agents, a narrow token those it may touch', async () => {
    await addAgent('theirs', 'org-b', 'theirs');
    await addAgent('second', 'org-a', 'second');
    await warm();
    await warm('second');
    await warm('theirs', 'org-b');
    const theirs = { organizationId: 'org-b', agentId: 'theirs' };
    await world.store.usageDays.addToDays([{ ...theirs, day: '2026-05-03', sessionMs: 1000, idleMs: 0, sessions: 1 }]);
    const at = world.clock.now().toISOString();
    await world.store.usageDays.add({ ...theirs, kind: 'session', beganAt: at, endedAt: at });
    passes(1);
    const names = async (organization = world.acme) => (await usageOf(organization)).agents.map(({ agent }) => agent);
    expect(await names()).toEqual(['bot', 'second']);
    expect(await names(world.bolt)).toEqual(['theirs']);
    expect(await names({ ...world.acme, agents: new Set(['second']) })).toEqual(['second']);
  });

  test('days of a deleted agent stay, those of one with the same name are added; old ones go', async () => {
    await addAgent('gone', 'org-a', 'gone');
    for (const id of ['bot', 'gone']) await world.store.agents.markDeleted('org-a', id, world.clock.now());
    await addAgent('again', 'org-a', 'bot');
    const day = { organizationId: 'org-a', day: '2026-05-03', sessionMs: 1000, idleMs: 2000, sessions: 1 };
    for (const agentId of ['bot', 'again', 'gone', 'gone'])
      await world.store.usageDays.addToDays([{ ...day, agentId }]);
    expect((await usageOf()).agents).toMatchObject([
      { agent: 'bot', deleted: false, days: [{ sessions: 2, sessionSeconds: 2 }] },
      { agent: 'gone', deleted: true, days: [{ sessions: 2, sessionSeconds: 2, idleSeconds: 4 }] },
    ]);
    await rollup(1);
    expect((await usageOf()).agents).toHaveLength(2);
    passes(24 * 60);
    await rollup(1);
    expect((await usageOf()).agents).toEqual([]);
  });

  test('the last thirty days unless asked for others; no range the wrong way round, too long or of no day', async () => {
    expect(await usageOf()).toMatchObject({ from: '2026-04-05', to: '2026-05-04', sessionMinuteCents: 2 });
    expect((await usageOf()).countedSince).toMatch(/^\d{4}-/);
    const refused = (from: string, to: string) =>
      usageOf(world.acme, { from, to }).then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await refused('2026-05-02', '2026-05-01')).toContain('earlier day first');
    expect(await refused('2025-01-01', '2026-05-01')).toContain('at most 366 days');
    expect(await refused('2026-02-30', '2026-05-01')).toContain('is no day');
  });

  test('an instance that was lost unseen was idle up to when somebody saw it last', async () => {
    const { clock, store } = world;
    const lastSeen = createLastSeen(world);
    await warm();
    await lastSeen.look([await slotOf()], () => true);
    passes(5);
    await lastSeen.look([await slotOf()], () => true);
    const seenAt = clock.now();
    passes(1);
    await lastSeen.look([await slotOf()], () => false);
    expect(lastSeen.ofGone(await slotOf())).toEqual(seenAt);
    // The power is off for a night; the next control plane finds nothing.
    await store.settings.put('usage-seen-at', seenAt.toISOString());
    passes(600);
    const next = createLastSeen(world);
    await next.look([await slotOf()], () => false);
    const until = next.ofGone(await slotOf());
    expect(until).toEqual(seenAt);
    await move('retiring', until);
    expect((await usageOf()).agents[0]?.days).toMatchObject([{ idleSeconds: 300 }]);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { createSpendService, type SpendService } from './spend-service.js';

const minute = 60_000;

describe.each(databases)('spend on $name', (database) => {
  let world: TwoOrganizations;
  let spend: SpendService;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    spend = createSpendService({ ...world, centsPerMinute: 1.5 });
  });
  afterEach(() => world.drop());

  const put = (limitCents: number | null) => spend.put(world.acme, testActor, { limitCents });
  /** A session that ends now, after so many minutes. */
  async function lasted(minutes: number, organizationId = 'org-a'): Promise<void> {
    const endedAt = world.clock.now();
    const activatedAt = new Date(endedAt.getTime() - minutes * minute).toISOString();
    await world.store.transaction((repos) =>
      spend.charge(repos, { organizationId, activatedAt, endedAt: endedAt.toISOString() }),
    );
  }
  async function running(since: Date): Promise<void> {
    const times = { created_at: since.toISOString(), updated_at: since.toISOString() };
    const agent = { id: 'agent', organization_id: 'org-a', name: 'bot', region: 'us-west', ...times };
    const none = { desired_deployment_id: null, live_deployment_id: null, reconciled_deployment_id: null };
    await world.db
      .insertInto('agent')
      .values({ ...agent, ...none, min_agents: 0, max_agents: 1, websocket_auth: 'token', deleted_at: null })
      .execute();
    await world.db
      .insertInto('deployment')
      .values({
        ...{ id: 'dep', organization_id: 'org-a', agent_id: 'agent', image: 'x', build_id: null, secret_set: null },
        ...{ image_pull_secret_set: null, profile: 'agent-1x', cpu: null, memory: null, architecture: null },
        ...{ max_session_seconds: null, krisp_audio_filter: null, phase: 'Active', ...times },
        ...{ phase_started_at: since.toISOString(), error_code: null, error_message: null },
      })
      .execute();
    await world.db
      .insertInto('session')
      .values({
        ...{ id: 's1', organization_id: 'org-a', agent_id: 'agent', deployment_id: 'dep', slot_id: null },
        ...{ instance_id: null, worker_id: null, epoch: 1, state: 'active', entry: 'bot', cold_start: 0, ...times },
        ...{ activated_at: since.toISOString(), ended_at: null, end_reason: null, completion_status: null },
      })
      .execute();
  }

  test('ended sessions add up by the part of a minute, for their organization alone', async () => {
    await lasted(10);
    await lasted(0.5);
    await lasted(100, 'org-b');
    // 15.75, of which 15 whole cents are reached.
    expect((await put(100)).currentSpendCents).toBe(15);
    await lasted(0.2);
    expect((await spend.get(world.acme)).currentSpendCents).toBe(16);
  });

  test('a running session counts up to now, and only in this month', async () => {
    await running(world.clock.now());
    world.clock.advance(10 * minute);
    expect((await spend.get(world.acme)).currentSpendCents).toBe(15);
    const next = new Date('2026-06-01T00:02:00.000Z');
    world.clock.advance(next.getTime() - world.clock.now().getTime());
    expect(await spend.get(world.acme)).toMatchObject({
      ...{ currentSpendCents: 3, periodStart: '2026-06-01T00:00:00.000Z', periodEnd: '2026-07-01T00:00:00.000Z' },
    });
  });

  test('a session that never had its agent costs nothing', async () => {
    await world.store.transaction((repos) =>
      spend.charge(repos, { organizationId: 'org-a', activatedAt: null, endedAt: world.clock.now().toISOString() }),
    );
    expect((await spend.get(world.acme)).currentSpendCents).toBe(0);
  });

  test('at the limit new sessions are refused, with the figures; a higher one lets them in again', async () => {
    await put(15);
    await lasted(9);
    await spend.check('org-a');
    await lasted(1);
    const reached = world.clock.now().toISOString();
    await expect(spend.check('org-a')).rejects.toMatchObject({
      ...{ status: 402, code: 'SPEND_LIMIT_REACHED', details: { limitCents: 15, currentSpendCents: 15 } },
    });
    world.clock.advance(minute);
    // The time is that at which it was first seen.
    expect(await spend.get(world.acme)).toMatchObject({ blocked: true, blockedAt: reached });
    await spend.check('org-b');
    expect(await put(16)).toMatchObject({ limitCents: 16, blocked: false, blockedAt: null });
    await spend.check('org-a');
  });

  test('the next month begins with nothing spent', async () => {
    await put(15);
    await lasted(10);
    await expect(spend.check('org-a')).rejects.toMatchObject({ status: 402 });
    world.clock.advance(31 * 24 * 60 * minute);
    await spend.check('org-a');
    expect(await spend.get(world.acme)).toMatchObject({ blocked: false, blockedAt: null, currentSpendCents: 0 });
  });

  test('a limit of nothing stops everything, and null takes it away', async () => {
    await put(0);
    await expect(spend.check('org-a')).rejects.toMatchObject({ status: 402 });
    expect(await put(null)).toMatchObject({ limitCents: null, blocked: false });
    await spend.check('org-a');
    const actions = (await world.store.audit.list('org-a', 9)).map(({ action }) => action);
    expect(actions).toEqual(['organization.spend_limit_changed', 'organization.spend_limit_changed']);
    // Asked for what is so already, it is no change.
    await put(null);
    expect(await world.store.audit.list('org-a', 9)).toHaveLength(2);
  });

  test('without a price nothing is written down, and without a limit too there is nothing to tell', async () => {
    const free = createSpendService({ ...world, centsPerMinute: 0 });
    await world.store.transaction((repos) =>
      free.charge(repos, {
        ...{ organizationId: 'org-a', activatedAt: '2026-05-01T00:00:00.000Z', endedAt: '2026-05-02T00:00:00.000Z' },
      }),
    );
    expect(await world.db.selectFrom('spend').selectAll().execute()).toEqual([]);
    await expect(free.get(world.acme)).rejects.toMatchObject({ status: 404 });
    await free.put(world.acme, testActor, { limitCents: 100 });
    expect(await free.get(world.acme)).toMatchObject({ limitCents: 100, currentSpendCents: 0, blocked: false });
  });
});

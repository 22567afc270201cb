import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../db/store.js';
import { atOnce } from '../testing/at-once.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createSocketTokens } from './socket-tokens.js';

describe.each(databases)('socket tokens on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const at = world.clock.now().toISOString();
    const common = { organization_id: 'org-a', created_at: at, updated_at: at };
    for (const id of ['agent-a', 'agent-b']) {
      const agent = {
        ...common,
        id,
        name: id,
        region: 'us-west',
        min_agents: 0,
        max_agents: 1,
        websocket_auth: 'token',
      };
      await world.db.insertInto('agent').values(agent).execute();
    }
    const deployment = { ...common, id: 'd', agent_id: 'agent-a', profile: '', phase: 'Active', phase_started_at: at };
    await world.db.insertInto('deployment').values(deployment).execute();
  });
  afterEach(() => world.drop());

  const key = Buffer.alloc(32, 9);
  const target = { organizationId: 'org-a', agentId: 'agent-a', serviceHost: 'bot.acme' };
  /** As another process with the same keys has them. */
  const another = (keyOf = key) => createSocketTokens({ ...world, store: createStore(world), key: keyOf });

  test('are good once, for their agent, also at another control plane and after a restart', async () => {
    const token = await another().issue(world.store, target, 'session-1');
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(await another().use(token, { ...target, serviceHost: 'bot.bolt' })).toBeUndefined();
    expect(await another().use(token, { ...target, agentId: 'agent-b' })).toBeUndefined();
    expect(await another(Buffer.alloc(32, 8)).use(token, target)).toBeUndefined();
    expect(await another().use(token, target)).toBe('session-1');
    expect(await another().use(token, target)).toBeUndefined();
  });

  test('that two control planes are shown at the same time open one session', async () => {
    const token = await another().issue(world.store, target, 'session-1');
    const [one, two] = [another(), another()];
    const found = await atOnce(world, 'socket_token', [() => one.use(token, target), () => two.use(token, target)]);
    const values = found.map((each) => (each.status === 'fulfilled' ? each.value : 'failed'));
    expect(values.filter((value) => value === 'session-1')).toHaveLength(1);
    expect(values.filter((value) => value === undefined)).toHaveLength(1);
  });

  test('end after five minutes', async () => {
    const [first, second] = await Promise.all(
      ['session-1', 'session-2'].map((session) => another().issue(world.store, target, session)),
    );
    world.clock.advance(299_000);
    expect(await another().use(first ?? '', target)).toBe('session-1');
    world.clock.advance(1_000);
    expect(await another().use(second ?? '', target)).toBeUndefined();
  });

  test('for which nothing was taken are good again, and others not', async () => {
    const token = await another().issue(world.store, target, 'session-1');
    await another().use(token, target);
    expect(await another().giveBack(target, 'session-1')).toBe(true);
    expect(await another().use(token, target)).toBe('session-1');
    await world.store.sessions.insert({
      ...{ id: 'session-1', organizationId: 'org-a', agentId: 'agent-a', deploymentId: 'd', slotId: null },
      ...{ instanceId: null, epoch: 1, state: 'starting', entry: 'socket', coldStart: false },
      ...{ createdAt: '2026-05-04T10:00:00.000Z', updatedAt: '2026-05-04T10:00:00.000Z', activatedAt: null },
      ...{ endedAt: null, endReason: null, completionStatus: null },
    });
    expect(await another().giveBack(target, 'session-1')).toBe(false);
    expect(await another().use(token, target)).toBeUndefined();
  });

  test.each(['', '.', 'a.b', 'a.b.c', 'x'.repeat(3000)])('%s is none', async (text) => {
    expect(await another().use(text, target)).toBeUndefined();
  });
});

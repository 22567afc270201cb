import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';

describe.each(databases)('rows of calls on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
  });
  afterEach(() => world.drop());

  test('settings are replaced as a whole, and belong to one organization', async () => {
    const { daily } = world.store;
    const setting = { sealedKey: 'v1.k', keyHint: '…abcd', sealedDialinSecret: null, allowUnsignedDialin: true };
    await daily.putSetting('org-a', setting, world.clock.now());
    await daily.putSetting('org-a', { ...setting, sealedDialinSecret: 'v1.d' }, world.clock.now());
    expect(await daily.setting('org-a')).toEqual({ ...setting, sealedDialinSecret: 'v1.d' });
    expect(await daily.setting('org-b')).toBeUndefined();
    expect(await daily.removeSetting('org-b')).toBe(false);
    expect(await daily.removeSetting('org-a')).toBe(true);
    expect(await daily.setting('org-a')).toBeUndefined();
  });

  test('rooms are due when their session has ended or never began, and when their pause is over', async () => {
    const { daily } = world.store;
    const now = world.clock.now();
    const room = (sessionId: string) => ({
      ...{ sessionId, organizationId: 'org-a', name: `pcc-${sessionId}`, ownKey: true },
      expiresAt: '2026-05-05T00:00:00.000Z',
    });
    const at = now.toISOString();
    const common = { organization_id: 'org-a', created_at: at, updated_at: at };
    await world.db
      .insertInto('agent')
      .values({ ...common, id: 'a', name: 'a', region: 'r', min_agents: 0, max_agents: 1, websocket_auth: 'none' })
      .execute();
    const deployment = { ...common, id: 'd', agent_id: 'a', profile: '', phase: 'Active', phase_started_at: at };
    await world.db.insertInto('deployment').values(deployment).execute();
    for (const [id, state] of [
      ['running', 'active'],
      ['over', 'ended'],
    ] as const) {
      const session = { ...common, id, agent_id: 'a', deployment_id: 'd', epoch: 1, entry: 'bot', state };
      await world.db.insertInto('session').values(session).execute();
      await daily.addRoom(room(id), now);
    }
    await daily.addRoom(room('never'), now);
    const due = async () => (await daily.roomsToDelete(world.clock.now(), 10)).map(({ sessionId }) => sessionId).sort();
    expect(await due()).toEqual(['never', 'over']);
    await daily.postponeRoom('over', new Date(now.getTime() + 1000));
    expect(await due()).toEqual(['never']);
    world.clock.advance(1000);
    expect((await daily.roomsToDelete(world.clock.now(), 1)).map(({ sessionId }) => sessionId)).toEqual(['never']);
    expect((await daily.roomsToDelete(world.clock.now(), 10)).find(({ sessionId }) => sessionId === 'over')).toEqual({
      ...room('over'),
      attempts: 1,
    });
    await daily.removeRoom('never');
    expect(await due()).toEqual(['over']);
  });

  test('a call has one session, in its own organization, until it is over or forgotten', async () => {
    const { whatsapp } = world.store;
    const call = { organizationId: 'org-a', agentId: 'a', callId: 'c', sessionId: 's1' };
    expect(await whatsapp.insert(call, world.clock.now())).toBe(true);
    expect(await whatsapp.insert({ ...call, sessionId: 's2' }, world.clock.now())).toBe(false);
    expect(await whatsapp.find('org-a', 'a', 'c')).toBe('s1');
    expect(await whatsapp.find('org-b', 'a', 'c')).toBeUndefined();
    await whatsapp.remove('org-b', 'a', 'c');
    await whatsapp.removeOlder(world.clock.now());
    expect(await whatsapp.find('org-a', 'a', 'c')).toBe('s1');
    world.clock.advance(1);
    await whatsapp.removeOlder(world.clock.now());
    expect(await whatsapp.find('org-a', 'a', 'c')).toBeUndefined();
  });
});

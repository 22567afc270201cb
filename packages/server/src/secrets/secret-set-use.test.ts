import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newSlot } from '../slots/new-slot.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor, testKeys } from '../testing/two-organizations.js';
import { createSecretBox } from './secret-box.js';
import { createSecretService, type SecretService } from './secret-service.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pull = { isImagePullSecret: true, host: 'https://registry.example.com/v1', secretValue: base64('ann:pässword') };

describe.each(databases)('deleting a secret set that is used, on $name', (database) => {
  let world: TwoOrganizations;
  let secrets: SecretService;
  const put = (set: string, body: PutSecretBody) => secrets.put(world.acme, testActor, set, body);
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
    secrets = createSecretService({ ...world, box });
  });
  afterEach(() => world.drop());

  async function useInAgent(
    set: Partial<{ secret_set: string; image_pull_secret_set: string }>,
    column: 'desired' | 'live',
  ) {
    const at = world.clock.now().toISOString();
    const times = { created_at: at, updated_at: at };
    const agent = { id: 'agent-1', organization_id: 'org-a', name: 'greeter', region: 'us-west', ...times };
    await world.db
      .insertInto('agent')
      .values({
        ...agent,
        min_agents: 0,
        max_agents: 1,
        websocket_auth: 'token',
        desired_deployment_id: column === 'desired' ? 'dep-1' : null,
        live_deployment_id: column === 'live' ? 'dep-1' : null,
        reconciled_deployment_id: null,
        deleted_at: null,
      })
      .execute();
    await world.db
      .insertInto('deployment')
      .values({
        id: 'dep-1',
        organization_id: 'org-a',
        agent_id: 'agent-1',
        image: 'x',
        build_id: null,
        secret_set: null,
        image_pull_secret_set: null,
        profile: 'agent-1x',
        max_session_seconds: null,
        krisp_audio_filter: null,
        phase: 'Ready',
        phase_started_at: at,
        start_failures: 0,
        error_code: null,
        error_message: null,
        ...times,
        ...set,
      })
      .execute();
  }

  test.each(['desired', 'live'] as const)(
    'a set of a %s deployment is not deleted, until its agent is',
    async (column) => {
      await put('prod', { secretKey: 'A', secretValue: '1' });
      await useInAgent({ secret_set: 'prod' }, column);
      await expect(secrets.removeSet('org-a', testActor, 'prod')).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining("'greeter'"),
      });
      await world.db.updateTable('agent').set({ deleted_at: 'now' }).execute();
      await secrets.removeSet('org-a', testActor, 'prod');
    },
  );

  test('a set that only an instance of an earlier deployment has is not deleted before that is gone', async () => {
    await put('prod', { secretKey: 'A', secretValue: '1' });
    await useInAgent({ secret_set: 'prod' }, 'live');
    const { store, clock } = world;
    const owner = { id: 'agent-1', organizationId: 'org-a' };
    const place = newSlot('slot-1', owner, { spare: false, now: clock.now() });
    await store.slots.insert([place]);
    const running = { state: 'starting', deploymentId: 'dep-1', instanceId: 'i' } as const;
    await store.slots.change(place, running, clock.now());
    await world.db.updateTable('agent').set({ live_deployment_id: null }).execute();
    await expect(secrets.removeSet('org-a', testActor, 'prod')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("'greeter'"),
    });
    const seeing = { ...world.acme, permissions: new Set(['agents:read'] as const) };
    expect((await secrets.list(seeing)).sets).toMatchObject([{ name: 'prod', usedBy: ['greeter'] }]);
    const gone = { state: 'empty', deploymentId: null, instanceId: null } as const;
    await store.slots.change({ ...place, ...running }, gone, clock.now());
    await secrets.removeSet('org-a', testActor, 'prod');
  });

  test('the list says which agents use a set, and names none that the caller may not see', async () => {
    for (const name of ['prod', 'idle']) await put(name, { secretKey: 'A', secretValue: '1' });
    await put('registry', pull);
    await secrets.put(world.bolt, testActor, 'prod', { secretKey: 'A', secretValue: '1' });
    await useInAgent({ secret_set: 'prod', image_pull_secret_set: 'registry' }, 'live');
    const users = async (caller: Parameters<typeof secrets.list>[0]) =>
      Object.fromEntries((await secrets.list(caller)).sets.map(({ name, usedBy }) => [name, usedBy]));
    const permissions = new Set(['agents:read'] as const);
    const seeing = { ...world.acme, permissions };
    expect(await users(seeing)).toEqual({ idle: [], prod: ['greeter'], registry: ['greeter'] });
    expect(await users({ ...world.bolt, permissions })).toEqual({ prod: [] });
    expect(await users({ ...seeing, agents: new Set(['other']) })).toMatchObject({ prod: [], registry: [] });
    expect(await users({ ...seeing, permissions: new Set() })).toMatchObject({ prod: undefined });
    await world.db.updateTable('agent').set({ deleted_at: 'now' }).execute();
    expect(await users(seeing)).toMatchObject({ prod: [], registry: [] });
  });

  test('so it is with a pull secret; another organization’s set of the same name is free', async () => {
    await put('registry', pull);
    await secrets.put(world.bolt, testActor, 'registry', pull);
    await useInAgent({ image_pull_secret_set: 'registry' }, 'live');
    await expect(secrets.removeSet('org-a', testActor, 'registry')).rejects.toMatchObject({ status: 409 });
    await secrets.removeSet('org-b', testActor, 'registry');
  });
});

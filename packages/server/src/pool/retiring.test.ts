import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';

describe.each(scratchDatabases)('instances that are to go, on $name', (database) => {
  let world: PoolWorld;
  beforeEach(async () => {
    world = await openPoolWorld(database);
  });
  afterEach(() => world.close());

  const putSet = (name: string) =>
    world.server.call(world.admin.token, 'PUT', `/v1/organizations/ours/secrets/${name}`, {
      secretKey: 'A',
      secretValue: 'hidden',
    });

  test('one whose spec can no longer be made goes without being given it again', async () => {
    const { server, worker, org } = world;
    for (const name of ['older', 'newer']) expect((await putSet(name)).status).toBe(200);
    await world.deploy({ maxAgents: 1 }, { secretSet: 'older' });
    const { sessionId } = (await world.start()).body;
    const [held] = worker.activations();
    await world.deploy({}, { secretSet: 'newer' }, 'PUT');
    const used = await world.server.call(world.admin.token, 'DELETE', '/v1/organizations/ours/secrets/older');
    expect([used.status, used.body.error]).toEqual([409, expect.stringContaining("'bot'")]);
    // As a version before this one let it be, or a backup has it.
    const set = await server.store.secrets.findSet(org.id, 'older');
    await server.store.secrets.removeSet(org.id, set?.id ?? '');
    worker.disconnect();
    await until(() => expect(server.workers.here()).toEqual([]));
    await worker.connect();
    worker.endSession(sessionId, 'completed');
    await until(() => expect(worker.instances.has(held?.instanceId ?? '')).toBe(false));
    await until(async () => expect((await world.slots()).some(({ state }) => state === 'retiring')).toBe(false));
  });
});

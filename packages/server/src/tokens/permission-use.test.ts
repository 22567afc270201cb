import type { Permission } from '@pipecat-cloud/contract/permissions';
import { permissions } from '@pipecat-cloud/contract/permissions';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCredentialUse } from '../access/credential-use.js';
import type { Principal } from '../access/principal.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { databases } from '../testing/databases.js';
import { harness } from '../testing/harness.js';

const bits = (...names: Permission[]) => names.reduce((sum, name) => sum | (1 << permissions.indexOf(name)), 0);
const source = { address: '192.0.2.1', userAgent: 'x' };
const grant = { preset: 'deploy' } as const;

describe.each(databases)('what a token uses of its permissions, on $name', (database) => {
  let world: AccessWorld;
  let person: Principal;
  beforeEach(async () => {
    world = await openAccessWorld(database);
    const org = await world.organization();
    person = world.signedIn(await world.person([{ id: org.id, role: 'admin' }]));
  });
  afterEach(() => world.end());

  const create = (body: object = { grant }) =>
    world.tokens.create(person, world.actor(person), { name: 'ci', expiresInDays: 30, ...body });
  const useOf = async (id: string) => (await world.tokens.get(person, id)).permissionUse;
  const use = (id: string, ...names: Permission[]) => world.uses.token(id, world.clock.now(), source, bits(...names));

  test('uses add up over requests and over control planes, and only what it holds is counted', async () => {
    const { token } = await create();
    expect(await useOf(token.id)).toMatchObject({ used: [], since: token.createdAt });
    expect((await useOf(token.id))?.held).toHaveLength(8);
    const other = createCredentialUse(world.store);
    use(token.id, 'agents:read');
    use(token.id, 'logs:read', 'members:write');
    other.token(token.id, world.clock.now(), source, bits('secrets:read'));
    await world.uses.flush();
    await other.close();
    expect((await useOf(token.id))?.used).toEqual(['agents:read', 'logs:read', 'secrets:read']);
  });

  test('one that acts as its owner holds what the role allows, but for what must be named', async () => {
    const held = (await useOf((await create({})).token.id))?.held;
    expect(held).toContain('members:write');
    expect(held).not.toContain('tokens:write');
  });

  test('a rotation and what is derived count with it', async () => {
    const { token } = await create();
    const derived = await world.tokens.derive(person, world.actor(person), token.id, { name: 'job' });
    const owned = await world.tokens.findOwn(person, token.id);
    const { token: successor } = await world.rotation.rotate(person, world.actor(person), owned, {});
    use(derived.token.id, 'builds:write');
    use(successor.id, 'agents:deploy');
    await world.uses.flush();
    expect((await useOf(token.id))?.used).toEqual(['agents:deploy', 'builds:write']);
    expect((await useOf(successor.id))?.used).toEqual(['agents:deploy', 'builds:write']);
    expect((await useOf(derived.token.id))?.used).toEqual(['builds:write']);
  });

  test('of a token that is older than the count it is said since when', async () => {
    const { token } = await create();
    const since = '2026-06-01T00:00:00.000Z';
    await world.db.updateTable('token').set({ use_counted_since: since }).where('id', '=', token.id).execute();
    expect((await useOf(token.id))?.since).toBe(since);
  });

  test('what could not be written is written with the next', async () => {
    const { token } = await create();
    let broken = true;
    const uses = createCredentialUse({
      transaction: async (work) => {
        if (broken) throw new Error('the database is away');
        return await world.store.transaction(work);
      },
    });
    uses.token(token.id, world.clock.now(), source, bits('agents:read'));
    await expect(uses.flush()).rejects.toThrow('away');
    broken = false;
    uses.token(token.id, world.clock.now(), source, bits('logs:read'));
    await uses.close();
    expect((await useOf(token.id))?.used).toEqual(['agents:read', 'logs:read']);
  });
});

test('a request that is let in counts for its token, one that is refused does not', async () => {
  const server = await harness();
  const member = await (await server.organization('ours')).member('admin', {
    permissions: ['agents:read', 'secrets:read', 'logs:read'],
  });
  const get = async (path: string) => (await server.call(member.token, 'GET', `/v1/organizations/ours${path}`)).status;
  expect([await get('/services'), await get('/secrets'), await get('/apiKeys')]).toEqual([200, 200, 403]);
  const written = async () => (await server.store.tokens.permissionsUsed(member.tokenId)).bits;
  await expect.poll(written).toBe(bits('agents:read', 'secrets:read'));
  await server.end();
});

import { parseToken } from '@pipecat-cloud/contract/token-format';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCredentialDigests } from '../access/credential-digests.js';
import type { OrganizationAccess } from '../access/principal.js';
import { createStore } from '../db/store.js';
import type { Caller } from '../organizations/caller.js';
import { createSecretBox } from '../secrets/secret-box.js';
import { atOnce } from '../testing/at-once.js';
import { databases } from '../testing/databases.js';
import {
  everythingStored,
  openTwoOrganizations,
  type TwoOrganizations,
  testActor,
  testKeys,
} from '../testing/two-organizations.js';
import { type ApiKeyService, createApiKeyService } from './api-key-service.js';

const digests = createCredentialDigests(testKeys.peppers);
const by = (organization: OrganizationAccess): Caller => ({
  organization,
  principal: { kind: 'user', userId: 'u1', via: 'session', sessionId: 's', secondFactor: false },
  actor: testActor,
});

describe.each(databases)('API keys on $name', (database) => {
  let world: TwoOrganizations;
  let apiKeys: ApiKeyService;
  let evictions: number;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    evictions = 0;
    const store = createStore(world, { onAccessChanged: () => void evictions++ });
    const box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
    apiKeys = createApiKeyService({ ...world, store, digests, box });
  });
  afterEach(() => world.drop());
  const create = (type: 'public' | 'private', name = 'web') => apiKeys.create(by(world.acme), { name, type });

  test('public keys are listed in clear each time, private ones masked', async () => {
    const open = await create('public', ' Browser ');
    const secret = await create('private', 'server');
    expect(parseToken(open.key)).toEqual({ kind: 'public', legacy: false });
    expect(parseToken(secret.key)).toEqual({ kind: 'private', legacy: false });
    const list = await apiKeys.list('org-a');
    expect(list.public).toEqual([
      {
        id: open.id,
        key: open.key,
        metadata: { name: 'Browser' },
        createdAt: '2026-05-04T10:00:00.000Z',
        revoked: false,
        lastUsedAt: null,
      },
    ]);
    expect(list.private).toMatchObject([{ id: secret.id, masked: `sk_…${secret.key.slice(-12, -8)}` }]);
    expect(JSON.stringify(list)).not.toContain(secret.key);
  });

  test('a key is found by its digest, also under a retired pepper', async () => {
    const { key, id } = await create('public');
    const rotated = createCredentialDigests([{ id: 'pep2', key: Buffer.alloc(32, 9) }, ...testKeys.peppers]);
    expect(rotated.current(key).digest).not.toBe(digests.current(key).digest);
    const found = await world.store.apiKeys.findByDigests(rotated.candidates(key));
    expect(found).toMatchObject({ id, organizationId: 'org-a', type: 'public', revokedAt: null });
    expect(await world.store.apiKeys.findByDigests(rotated.candidates(`${key}0`))).toBeUndefined();
  });

  test('a revoked key stays listed; revoking may be repeated and evicts each time', async () => {
    const { id, key } = await create('public');
    evictions = 0;
    await apiKeys.revoke(world.acme, testActor, id);
    await apiKeys.revoke(world.acme, testActor, id);
    expect(evictions).toBe(2);
    expect((await apiKeys.list('org-a')).public).toMatchObject([{ id, key, revoked: true }]);
    expect((await world.store.apiKeys.findByDigests(digests.candidates(key)))?.revokedAt).toBe(
      '2026-05-04T10:00:00.000Z',
    );
    const records = await world.store.audit.list('org-a', 10);
    expect(records.filter(({ action }) => action === 'api_key.revoked')).toHaveLength(1);
  });

  test('a rotated key keeps its id and name; the new value works, the old one is unknown', async () => {
    for (const type of ['public', 'private'] as const) {
      const before = await create(type);
      evictions = 0;
      const after = await apiKeys.rotate(by(world.acme), before.id);
      expect(evictions).toBe(1);
      expect(after).toEqual({ ...before, key: after.key });
      expect(parseToken(after.key)).toEqual({ kind: type, legacy: false });
      expect(await world.store.apiKeys.findByDigests(digests.candidates(before.key))).toBeUndefined();
      expect(await world.store.apiKeys.findByDigests(digests.candidates(after.key))).toMatchObject({ id: before.id });
      const [listed] = (await apiKeys.list('org-a'))[type];
      expect(listed).toMatchObject(
        type === 'public' ? { id: before.id, key: after.key } : { masked: `sk_…${after.key.slice(-12, -8)}` },
      );
    }
    const records = await world.store.audit.list('org-a', 10);
    expect(records.filter(({ action }) => action === 'api_key.rotated')).toHaveLength(2);
  });

  test('of rotations at once one answers with a value, and that one works', async () => {
    const { id } = await create('public');
    const five = Array.from({ length: 5 }, () => () => apiKeys.rotate(by(world.acme), id));
    const results = await atOnce(world, 'api_key', five);
    const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.key] : []));
    for (const result of results) if (result.status === 'rejected') expect(result.reason.status).toBe(409);
    const live = await Promise.all(values.map((key) => world.store.apiKeys.findByDigests(digests.candidates(key))));
    expect(live).toMatchObject([{ id }]);
  });

  test('no revoked key, no private key of a developer and no key of another organization is rotated', async () => {
    const [secret, open] = [await create('private'), await create('public')];
    const developer = { ...world.acme, role: 'developer' as const };
    await expect(apiKeys.rotate(by(developer), secret.id)).rejects.toMatchObject({ status: 403 });
    await apiKeys.rotate(by(developer), open.id);
    await expect(apiKeys.rotate(by(world.bolt), open.id)).rejects.toMatchObject({ status: 404 });
    await apiKeys.revoke(world.acme, testActor, open.id);
    await expect(apiKeys.rotate(by(world.acme), open.id)).rejects.toMatchObject({ status: 409 });
    expect(await world.store.apiKeys.findByDigests(digests.candidates(secret.key))).toMatchObject({ id: secret.id });
  });

  test.each(['developer', 'viewer'] as const)(
    'a %s makes and revokes no private key, and is told who can',
    async (role) => {
      const { id } = await create('private');
      const caller = { ...world.acme, role };
      const refusal = {
        status: 403,
        details: { reason: 'missing_permission' },
        message: expect.stringContaining('admin or owner of acme'),
      };
      await expect(apiKeys.create(by(caller), { name: 'x', type: 'private' })).rejects.toMatchObject(refusal);
      await expect(apiKeys.revoke(caller, testActor, id)).rejects.toMatchObject(refusal);
      await apiKeys.create(by(caller), { name: 'x', type: 'public' });
    },
  );

  test('at most five live keys of a type, also when many are made at once; revoking makes room', async () => {
    const results = await Promise.allSettled(Array.from({ length: 9 }, () => create('public')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => reason.status)).toEqual([409, 409, 409, 409]);
    await create('private');
    const [first] = (await apiKeys.list('org-a')).public;
    await apiKeys.revoke(world.acme, testActor, first?.id ?? '');
    await create('public');
    await apiKeys.create(by(world.bolt), { name: 'theirs', type: 'public' });
  });

  test('a name of spaces is refused', async () => {
    await expect(create('public', '   ')).rejects.toMatchObject({ status: 400 });
  });

  test('another organization neither sees nor revokes it', async () => {
    const { id } = await create('public');
    expect(await apiKeys.list('org-b')).toEqual({ public: [], private: [] });
    await expect(apiKeys.revoke(world.bolt, testActor, id)).rejects.toMatchObject({ status: 404 });
    await expect(apiKeys.revoke(world.acme, testActor, 'nothing')).rejects.toMatchObject({ status: 404 });
    expect(await world.store.apiKeys.revoke('org-b', id, world.clock.now())).toBe(false);
    expect((await apiKeys.list('org-a')).public).toMatchObject([{ revoked: false }]);
  });

  test('a sealed key that was moved to another row does not open', async () => {
    const [one, two] = [await create('public'), await create('public')];
    const row = await world.store.apiKeys.find('org-a', one.id);
    await world.db
      .updateTable('api_key')
      .set({ sealed: row?.sealed ?? null })
      .where('id', '=', two.id)
      .execute();
    await expect(apiKeys.list('org-a')).rejects.toThrow('does not open');
  });

  test('no key is stored in clear', async () => {
    const made = [await create('public'), await create('private')];
    const stored = await everythingStored(world);
    expect(stored).toContain(made[0]?.id);
    for (const { key } of made) expect(stored).not.toContain(key.slice(3, 43));
  });
});

import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { type LeakWorld, openLeakWorld } from '../testing/leak-world.js';
import { createLeakService } from './leak-service.js';

describe.each(databases)('credentials found inside the product, on $name', (database) => {
  let world: LeakWorld;
  beforeEach(async () => {
    world = await openLeakWorld(database);
  });
  afterEach(() => world.end());

  const site = (organizationId = world.acme.id, name = 'bot') =>
    ({ organizationId, kind: 'agent_log', name, reference: 'deployment-1' }) as const;
  const see = (text: string, where = site()) => world.leaks.watch.look(text, () => where);
  const audited = async (organizationId: string) =>
    (await world.store.audit.list(organizationId, 100)).filter(({ action }) => action === 'credential.leak_found');

  test('a live one is one finding and one alert for each place, however often it is seen', async () => {
    const { value, id } = await world.apiKey(world.acme.id, 'private');
    for (let n = 0; n < 3; n++) {
      see(`key=${value}\nagain ${value}`);
      await world.leaks.watch.idle();
    }
    expect(await world.findings(world.acme.id)).toMatchObject([
      {
        credential: { kind: 'private', id },
        belongs: true,
        place: { kind: 'agent_log', name: 'bot' },
        count: 6,
        revoked: false,
      },
    ]);
    expect(world.told).toMatchObject([{ kind: 'credential.leaked', organizationId: world.acme.id }]);
    expect(await audited(world.acme.id)).toMatchObject([{ actorKind: 'system', target: id }]);
    see(value, site(world.acme.id, 'other'));
    expect(await world.findings(world.acme.id)).toHaveLength(2);
    expect(world.told).toHaveLength(2);
    expect(await world.store.apiKeys.find(world.acme.id, id)).toMatchObject({ revokedAt: null });
  });

  test("a person's token alerts the organization that it reaches, and the person", async () => {
    const { value, id } = await world.token('u1');
    see(value);
    expect(await world.findings(world.acme.id)).toMatchObject([{ credential: { id }, belongs: true }]);
    expect(world.told).toMatchObject([
      { organizationId: world.acme.id, data: { credentialId: id } },
      { organizationId: null, userIds: ['u1'], text: expect.stringContaining('bot') },
    ]);
  });

  test('public keys, ended ones, unknown ones and wrong checksums raise nothing', async () => {
    const ended = await world.apiKey(world.acme.id, 'private');
    await world.store.apiKeys.revoke(world.acme.id, ended.id, world.clock.now());
    const digits = '0123456789abcdef0123456789abcdef01234567';
    see((await world.apiKey(world.acme.id, 'public')).value);
    see(ended.value);
    see(formatToken('personal', digits));
    see(`pcc_pat_${digits}00000000`);
    expect(await world.findings(world.acme.id)).toEqual([]);
    expect(world.told).toEqual([]);
  });

  describe('of another organization', () => {
    test('a key tells its own organization that it was seen, and nothing of where; the place learns not whose it is', async () => {
      const { value, id } = await world.apiKey(world.bolt.id, 'private');
      see(value, site(world.acme.id, 'secret-project'));
      const here = await world.findings(world.acme.id);
      expect(here).toMatchObject([{ belongs: false, place: { name: 'secret-project' } }]);
      const shown = await createLeakService(world).list(world.acme.id, {});
      expect(shown.findings[0]?.credential.id).toBeNull();
      expect(await world.findings(world.bolt.id)).toMatchObject([
        { credential: { id }, belongs: true, place: { kind: 'elsewhere', name: '', reference: null } },
      ]);
      expect(world.told.map(({ organizationId }) => organizationId)).toEqual([world.bolt.id]);
      const toldBolt = JSON.stringify([world.told, await audited(world.bolt.id)]);
      for (const text of ['secret-project', world.acme.id, 'deployment-1']) expect(toldBolt).not.toContain(text);
      expect(await audited(world.acme.id)).toEqual([]);
    });

    test('a token tells its person, and nothing of where', async () => {
      const { value, id } = await world.token('u2');
      see(value, site(world.acme.id, 'secret-project'));
      expect(await world.findings(world.acme.id)).toMatchObject([{ belongs: false }]);
      expect(world.told).toMatchObject([{ organizationId: null, userIds: ['u2'], data: { credentialId: id } }]);
      expect(JSON.stringify(world.told)).not.toContain('secret-project');
      expect(await world.findings(world.bolt.id)).toEqual([]);
    });

    test('and so does a token of a member that is restricted to other organizations', async () => {
      const { value } = await world.token('u1', { organizations: [world.bolt.id] });
      see(value);
      expect(await world.findings(world.acme.id)).toMatchObject([{ belongs: false }]);
    });

    test('is not ended by the policy of the place, but by its own', async () => {
      await world.setPolicy(world.acme.id, { onLeak: 'revoke' });
      const { value, id } = await world.apiKey(world.bolt.id, 'private');
      see(value);
      await world.leaks.watch.idle();
      expect(await world.store.apiKeys.find(world.bolt.id, id)).toMatchObject({ revokedAt: null });
      await world.setPolicy(world.bolt.id, { onLeak: 'revoke' });
      see(value);
      await world.leaks.watch.idle();
      expect(await world.store.apiKeys.find(world.bolt.id, id)).toMatchObject({ revokedAt: expect.any(String) });
    });
  });

  test('by policy it is revoked at once, with one alert that says so', async () => {
    await world.setPolicy(world.acme.id, { onLeak: 'revoke' });
    const { value, id } = await world.token('u1');
    see(value);
    expect(await world.findings(world.acme.id)).toMatchObject([{ revoked: true, count: 1 }]);
    expect(await world.store.tokens.find(id)).toMatchObject({
      revokedCause: 'leak',
      revokedReason: 'found in the log of an agent (bot)',
    });
    expect(world.told).toHaveLength(2);
    expect(world.told[0]).toMatchObject({ subject: expect.stringMatching(/^Revoked/), data: { status: 'revoked' } });
    see(value);
    expect(await world.findings(world.acme.id)).toMatchObject([{ count: 1 }]);
    expect(world.told).toHaveLength(2);
  });

  test('two control planes that see it at once raise one alert', async () => {
    const { value } = await world.apiKey(world.acme.id, 'private');
    const sighting = {
      credential: { kind: 'private', id: 'k', masked: 'sk_…' },
      belongs: true,
      place: { kind: 'build_log', name: 'Dockerfile', reference: null },
      count: 1,
      revoked: false,
    } as const;
    const firsts = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        world.store.leaks.note(world.acme.id, `id-${n}`, sighting, world.clock.now()),
      ),
    );
    expect(firsts.filter(Boolean)).toHaveLength(1);
    see(value);
    const counts = (await world.findings(world.acme.id)).map(({ count }) => count).sort();
    expect(counts).toEqual([1, 8]);
  });

  test('a flood of made-up credentials is looked up within bounds, and said', async () => {
    let lookUps = 0;
    const { findByDigest } = world.store.tokens;
    world.store.tokens.findByDigest = async (digests) => {
      lookUps++;
      return await findByDigest(digests);
    };
    for (let n = 0; n < 1000; n++) see(formatToken('personal', n.toString(16).padStart(40, '0')));
    await world.leaks.watch.idle();
    expect(lookUps).toBeGreaterThan(0);
    expect(lookUps).toBeLessThanOrEqual(201);
    expect(world.logged.join('')).toContain('some were not looked up');
  });

  test('no value is kept or logged', async () => {
    const { value } = await world.token('u1');
    see(`x ${value}`);
    await world.leaks.watch.idle();
    const rows = await world.db.selectFrom('leak_finding').selectAll().execute();
    const kept = JSON.stringify([rows, world.told, world.logged, await world.store.audit.list(world.acme.id, 100)]);
    expect(kept).toContain('pcc_pat_…');
    expect(kept).not.toContain(value.slice(8, 40));
  });
});

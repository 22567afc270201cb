import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../db/store.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { verifyChain } from './chain-check.js';
import { installationChain } from './chain-head.js';

describe.each(databases)('appending to audit chains on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
  });
  afterEach(() => world.drop());

  const record = (organizationId: string | null, action = 'test.done') =>
    world.store.transaction((repos) => world.audit.record(repos, testActor, { action, organizationId }));
  const seqs = async (organizationId: string | null) =>
    (await world.store.audit.list(organizationId, 1000)).map(({ seq }) => seq).reverse();

  test('fifty transactions at once take fifty places without a gap, and the chain verifies', async () => {
    await Promise.all(Array.from({ length: 50 }, () => record('org-a')));
    expect(await seqs('org-a')).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await verifyChain(world.store.audit, 'org-a')).toMatchObject({ ok: true, records: 50, from: 1, to: 50 });
  });

  test('transactions that write to several chains in any order never wait for each other in a circle', async () => {
    const chains = ['org-a', 'org-b', null];
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        world.store.transaction(async (repos) => {
          const order = index % 2 ? chains : chains.toReversed();
          for (const organizationId of order) {
            await world.audit.record(repos, testActor, { action: 'test.done', organizationId });
          }
        }),
      ),
    );
    for (const organizationId of chains) {
      const chain = organizationId ?? installationChain;
      expect(await verifyChain(world.store.audit, chain)).toMatchObject({ ok: true, records: 30 });
    }
    expect((await world.store.audit.state(installationChain)).head?.begun).toBe(2);
  });

  test('a transaction that fails leaves neither a record nor a place, also in changeAccess', async () => {
    await record('org-a');
    for (const run of [world.store.transaction, world.store.changeAccess]) {
      const failed = run(async (repos) => {
        await world.audit.record(repos, testActor, { action: 'test.lost', organizationId: 'org-a' });
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
    }
    await record('org-a');
    expect((await world.store.audit.list('org-a', 10)).map(({ action, seq }) => [seq, action])).toEqual([
      [2, 'test.done'],
      [1, 'test.done'],
    ]);
  });

  test('changeAccess writes its records too', async () => {
    await world.store.changeAccess((repos) =>
      world.audit.record(repos, testActor, { action: 'token.created', organizationId: null }),
    );
    expect(await seqs(null)).toEqual([1]);
  });

  test('several records of one transaction follow each other in the order in which they were made', async () => {
    await world.store.transaction(async (repos) => {
      for (let index = 0; index < 250; index++) {
        await world.audit.record(repos, testActor, { action: `test.${index}`, organizationId: 'org-a' });
      }
    });
    const records = (await world.store.audit.list('org-a', 1000)).reverse();
    expect(records.map(({ action }) => action)).toEqual(Array.from({ length: 250 }, (_, index) => `test.${index}`));
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
  });

  test('outside a transaction, and after its end, recording throws', async () => {
    const outside = world.audit.record(world.store, testActor, { action: 'test.done', organizationId: null });
    await expect(outside).rejects.toThrow('outside a transaction');
    const repos = await world.store.transaction(async (inside) => inside);
    const late = world.audit.record(repos, testActor, { action: 'test.done', organizationId: null });
    await expect(late).rejects.toThrow('after its transaction had ended');
  });

  test('a record keeps who, through what and from where', async () => {
    const actor = {
      kind: 'serviceAccount' as const,
      id: 'sa-1',
      credentialId: 'tok-2',
      parentCredentialId: 'tok-1',
      address: '192.0.2.7',
      userAgent: 'curl/8 pcc_pat_0123456789abcdef0123456789abcdef0123456776953425',
      ciRun: 'https://ci.example/runs/7',
    };
    await world.store.transaction((repos) =>
      world.audit.record(repos, actor, {
        action: 'secret.set_changed',
        organizationId: 'org-a',
        target: 'half \ud800 and \0',
        detail: { keys: ['A'], nothing: undefined, odd: '\ud800\0', token: 'sk_0123456789abcdef' },
      }),
    );
    const [found] = await world.store.audit.list('org-a', 1);
    expect(found).toMatchObject({
      seq: 1,
      prevHash: '0'.repeat(64),
      organizationId: 'org-a',
      at: world.clock.now().toISOString(),
      actorKind: 'serviceAccount',
      actorId: 'sa-1',
      credentialId: 'tok-2',
      parentCredentialId: 'tok-1',
      address: '192.0.2.7',
      userAgent: 'curl/8 pcc_pat_[redacted]',
      ciRun: 'https://ci.example/runs/7',
      target: 'half \ufffd and \ufffd',
      detail: { keys: ['A'], odd: '\ufffd\0', token: 'sk_[redacted]' },
    });
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
  });

  test('without the key nothing that leaves a record is changed', async () => {
    const { db, dialect } = world;
    const keyless = createStore({ db, dialect });
    const change = keyless.transaction(async (repos) => {
      await repos.settings.add('x', 'y');
      await world.audit.record(repos, testActor, { action: 'test.done', organizationId: null });
    });
    await expect(change).rejects.toThrow('without the key');
    expect(await world.store.settings.find('x')).toBeUndefined();
  });
});

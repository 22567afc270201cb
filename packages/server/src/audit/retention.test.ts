import { type AuditLine, hashOf } from '@pipecat-cloud/contract/audit-chain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { verifyAll, verifyChain } from './chain-check.js';
import { createAuditRetention } from './retention.js';

const dayMs = 24 * 60 * 60 * 1000;

describe.each(databases)('retention of audit records on $name', (database) => {
  let world: TwoOrganizations;
  let errors: unknown[];
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    errors = [];
  });
  afterEach(() => world.drop());

  const retention = (days: number, batch?: number) =>
    createAuditRetention({
      ...world,
      log: { error: (...args: unknown[]) => errors.push(args) },
      days,
      ...(batch ? { batch } : {}),
    });
  async function records(organizationId: string | null, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await world.store.transaction((repos) =>
        world.audit.record(repos, testActor, { action: 'test.done', organizationId }),
      );
    }
  }
  const kept = async (organizationId: string | null) =>
    (await world.store.audit.list(organizationId, 100)).map(({ seq, action }) => `${seq} ${action}`).reverse();

  test('old records go, the rest stays checkable, and a record says so', async () => {
    await records('org-a', 5);
    world.clock.advance(10 * dayMs);
    await records('org-a', 2);
    await retention(7).prune();
    expect(await kept('org-a')).toEqual(['6 test.done', '7 test.done', '8 audit.pruned']);
    expect((await world.store.audit.list('org-a', 1))[0]).toMatchObject({
      actorKind: 'system',
      detail: { records: 5, from: 1, to: 5 },
    });
    expect(await verifyChain(world.store.audit, 'org-a')).toMatchObject({ ok: true, records: 3, from: 6, to: 8 });
    await records('org-a', 1);
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
  });

  test('a record removed by hand is found afterwards too', async () => {
    await records('org-a', 5);
    world.clock.advance(10 * dayMs);
    await records('org-a', 3);
    await retention(7).prune();
    for (const seq of [6, 7, 9]) {
      const row = await world.db.selectFrom('audit').selectAll().where('seq', '=', seq).executeTakeFirstOrThrow();
      await world.db.deleteFrom('audit').where('seq', '=', seq).execute();
      expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(false);
      await world.db.insertInto('audit').values(row).execute();
    }
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
  });

  test('more than one batch, every chain, also one of which nothing is left', async () => {
    await records('org-a', 7);
    await records(null, 3);
    world.clock.advance(10 * dayMs);
    await retention(7, 3).prune();
    expect(await kept('org-a')).toEqual(['8 audit.pruned', '9 audit.pruned', '10 audit.pruned']);
    expect(await kept(null)).toEqual(['4 audit.pruned']);
    for await (const { ok } of verifyAll(world.store.audit)) expect(ok).toBe(true);
  });

  test('nothing goes that is young enough, or with 0 for ever', async () => {
    await records('org-a', 2);
    world.clock.advance(7 * dayMs);
    await retention(7).prune();
    await retention(0).prune();
    world.clock.advance(1000 * dayMs);
    await retention(0).prune();
    expect(await kept('org-a')).toEqual(['1 test.done', '2 test.done']);
  });

  test('several control planes at once remove each record once', async () => {
    await records('org-a', 20);
    world.clock.advance(10 * dayMs);
    await Promise.all(Array.from({ length: 4 }, () => retention(7, 3).prune()));
    const pruned = (await world.store.audit.list('org-a', 100)).map(({ detail }) => detail?.records as number);
    expect(pruned.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect((await verifyChain(world.store.audit, 'org-a')).ok).toBe(true);
  });

  test.each([1, 4, 5])('what was tampered with at %i is kept as evidence', async (seq) => {
    await records('org-a', 5);
    world.clock.advance(10 * dayMs);
    await world.db.updateTable('audit').set({ target: 'changed' }).where('seq', '=', seq).execute();
    await retention(7).prune();
    expect(await kept('org-a')).toHaveLength(5);
    expect(errors).toHaveLength(1);
    expect((await verifyChain(world.store.audit, 'org-a')).problem?.seq).toBe(seq);
  });

  test.each([true, false])(
    'a last old record with a hash made to fit is kept too, followed by a young one: %s',
    async (followed) => {
      await records('org-a', 5);
      world.clock.advance(10 * dayMs);
      if (followed) await records('org-a', 1);
      const [found] = await world.store.audit.search('org-a', {}, { cursor: 6, limit: 1 });
      const changed = { ...(found as AuditLine), target: 'changed' };
      const values = { target: 'changed', hash: hashOf(changed) };
      await world.db.updateTable('audit').set(values).where('seq', '=', 5).execute();
      await retention(7).prune();
      expect(await kept('org-a')).toHaveLength(followed ? 6 : 5);
      expect(errors).toHaveLength(1);
    },
  );

  test('a head without a seal is not moved', async () => {
    await records('org-a', 5);
    world.clock.advance(10 * dayMs);
    await world.db.updateTable('audit_chain').set({ mac: 'forged' }).where('chain', '=', 'org-a').execute();
    await retention(7).prune();
    expect(await kept('org-a')).toHaveLength(5);
  });
});

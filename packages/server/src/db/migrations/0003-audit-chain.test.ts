import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyAll } from '../../audit/chain-check.js';
import { databases, testAuditKey } from '../../testing/databases.js';
import { migrationProvider } from '../migrations.js';
import { createStore } from '../store.js';

describe.each(databases)('chaining the audit records of before on $name', ({ openUnmigrated }) => {
  let opened: Awaited<ReturnType<typeof openUnmigrated>>;
  beforeEach(async () => {
    opened = await openUnmigrated();
    await migrator(undefined).migrateTo('0002-access-control');
  });
  afterEach(() => opened.drop());

  const migrator = (key: Buffer | undefined) => new Migrator({ db: opened.db, provider: migrationProvider(key) });
  async function insertOld(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const row = {
        id: `id-${String(index).padStart(4, '0')}`,
        organization_id: [null, 'org-a', 'org-b'][index % 3] ?? null,
        // Two of each time, and not in the order of insertion.
        at: new Date(Date.UTC(2026, 0, 1, 0, 0, Math.floor((count - index) / 2))).toISOString(),
        actor_kind: 'user',
        actor_id: 'u1',
        credential_id: null,
        address: '192.0.2.1',
        action: `test.${index}`,
        target: null,
        detail_json: index % 2 ? '{"b":1,"a":[2]}' : null,
      };
      await opened.db
        .insertInto('audit')
        .values(row as never)
        .execute();
    }
  }

  test('every record gets a place in its chain, by time, and all chains verify and go on', async () => {
    await insertOld(250);
    const { error } = await migrator(testAuditKey).migrateToLatest();
    expect(error).toBeUndefined();
    const store = createStore({ ...opened, auditKey: testAuditKey });
    const found = [];
    for await (const chain of verifyAll(store.audit)) found.push([chain.chain, chain.ok, chain.records]);
    expect(found).toEqual([
      ['org-a', true, 83],
      ['org-b', true, 83],
      ['installation', true, 84],
    ]);
    const records = (await store.audit.list('org-a', 500)).reverse();
    const times = records.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    expect(records.find(({ action }) => action === 'test.1')).toMatchObject({
      actorId: 'u1',
      parentCredentialId: null,
      detail: { a: [2], b: 1 },
    });
  });

  test('without the keys the records are left as they are', async () => {
    await insertOld(3);
    const { error } = await migrator(undefined).migrateToLatest();
    expect(String(error)).toContain('without the keys');
    expect(await opened.db.selectFrom('audit').select('id').execute()).toHaveLength(3);
  });

  test('an installation without records has no chain yet', async () => {
    expect((await migrator(undefined).migrateToLatest()).error).toBeUndefined();
    expect(await createStore(opened).audit.chains()).toEqual([]);
  });
});

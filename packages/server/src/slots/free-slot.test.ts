import Database from 'better-sqlite3';
import { Migrator } from 'kysely/migration';
import { expect, test } from 'vitest';
import { migrationProvider } from '../db/migrations.js';
import { onSqlite } from '../db/open.js';
import { testAuditKey } from '../testing/databases.js';
import { createFreeSlots } from './free-slot.js';

test('the idle instance that a session is given stands first in an index, however many are idle', async () => {
  const database = new Database(':memory:');
  const opened = onSqlite(database);
  try {
    const { error } = await new Migrator({
      db: opened.db,
      provider: migrationProvider(testAuditKey),
    }).migrateToLatest();
    expect(error).toBeUndefined();
    const texts: string[] = [];
    const prepare = database.prepare.bind(database);
    database.prepare = ((text: string) => {
      texts.push(text);
      return prepare(text);
    }) as typeof database.prepare;
    const choices = [{ state: 'ready', deploymentId: 'd' }] as const;
    await createFreeSlots(opened)({ agentId: 'a', choices, maxSessions: null, workerIds: ['w'] });
    // What it asks first, and only where that finds none, something else.
    const [first = ''] = texts;
    const values = Array.from(first.matchAll(/\?/g), () => null);
    const plan = prepare(`explain query plan ${first}`).all(values) as { detail: string }[];
    expect(plan.map(({ detail }) => detail)).toEqual([
      'SEARCH slot USING INDEX slot_claim (agent_id=? AND state=? AND deployment_id=?)',
    ]);
  } finally {
    await opened.db.destroy();
  }
});

import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';

describe.each(databases)('closing the database on $name', (database) => {
  test('waits for the query under way, and ends', async () => {
    const { db, drop } = await database.open();
    let closed: Promise<void> | undefined;
    const one = await db.connection().execute(async (connection) => {
      closed = drop();
      return await sql<{ one: number }>`select 1 as one`.execute(connection);
    });
    expect(one.rows).toEqual([{ one: 1 }]);
    await closed;
  });
});

const postgres = databases.find(({ name }) => name === 'PostgreSQL');

test.skipIf(!postgres)('on PostgreSQL nothing is held for long by whoever is gone without a word', async () => {
  if (!postgres) throw new Error('unreachable: skipped');
  const { db, drop } = await postgres.open();
  const settings = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where name in ('lock_timeout', 'idle_in_transaction_session_timeout') or name like 'tcp_keepalives%' order by name`.execute(
    db,
  );
  expect(Object.fromEntries(settings.rows.map(({ name, setting }) => [name, Number(setting)]))).toEqual({
    ...{ idle_in_transaction_session_timeout: 30_000, lock_timeout: 10_000 },
    ...{ tcp_keepalives_count: 3, tcp_keepalives_idle: 4, tcp_keepalives_interval: 2 },
  });
  await drop();
});

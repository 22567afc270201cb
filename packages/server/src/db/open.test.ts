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

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import type { OpenDatabase } from './open.js';
import { prepared, preparedInsert } from './prepared.js';

const byName = prepared((db, { name }: { name: string }) =>
  db.selectFrom('setting').select('value').where('name', '=', name),
);
const add = preparedInsert('setting', ['name', 'value']);

describe.each(databases)('prepared queries on $name', (database) => {
  let opened: OpenDatabase & { drop(): Promise<void> };
  beforeEach(async () => {
    opened = await database.open();
  });
  afterEach(() => opened.drop());

  test('each run has its own values', async () => {
    const { db } = opened;
    await add(db, [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ]);
    const settingOf = async (name: string) => (await byName(db, { name })).rows;
    expect(await Promise.all(['a', 'b', 'c'].map(settingOf))).toEqual([[{ value: '1' }], [{ value: '2' }], []]);
  });

  // None; all sizes of statements together; one more and one less than a size.
  test.each([0, 85, 63, 65])('%i rows are inserted, each once', async (count) => {
    const { db } = opened;
    const rows = Array.from({ length: count }, (_, n) => ({ name: `row ${1000 + n}`, value: String(n) }));
    await add(db, rows);
    const found = await db
      .selectFrom('setting')
      .select(['name', 'value'])
      .where('name', 'like', 'row %')
      .orderBy('name')
      .execute();
    expect(found).toEqual(rows);
  });

  test('what a transaction does not commit is not there', async () => {
    const { db } = opened;
    const inside = db.transaction().execute(async (transaction) => {
      await add(transaction, [{ name: 'a', value: '1' }]);
      expect((await byName(transaction, { name: 'a' })).rows).toEqual([{ value: '1' }]);
      throw new Error('no');
    });
    await expect(inside).rejects.toThrow('no');
    expect((await byName(db, { name: 'a' })).rows).toEqual([]);
  });
});

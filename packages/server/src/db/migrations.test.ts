import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely, KyselyPlugin } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import { databases, testAuditKey } from '../testing/databases.js';
import { migrationProvider } from './migrations.js';
import { type OpenDatabase, openUnmigrated } from './open.js';

const migrations = await migrationProvider(testAuditKey).getMigrations();

/** Lets one statement through. */
function failingAtTheSecond(): KyselyPlugin {
  let statements = 0;
  return {
    transformQuery({ node }) {
      statements++;
      if (statements > 1) throw new Error('interrupted');
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

/** All of them, of which this one never gets beyond its first statement. */
const interruptedIn = (name: string) => ({
  ...migrations,
  [name]: {
    up: async (db: Kysely<unknown>) => {
      await migrations[name]?.up(db.withPlugin(failingAtTheSecond()));
      throw new Error('interrupted');
    },
  },
});

async function migrate(db: OpenDatabase['db'], to: string, from = migrations): Promise<unknown> {
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => from } }).migrateTo(to);
  return error;
}

const tablesOf = async ({ db }: OpenDatabase) =>
  (await db.introspection.getTables()).toSorted((one, other) => one.name.localeCompare(other.name));

describe.each(databases)('migrations on $name', ({ open, openUnmigrated }) => {
  test('one that is interrupted leaves nothing, and runs whole the next time', async () => {
    const [opened, whole] = [await openUnmigrated(), await open()];
    for (const name of Object.keys(migrations)) {
      const before = await tablesOf(opened);
      expect(String(await migrate(opened.db, name, interruptedIn(name))), name).toContain('interrupted');
      expect(await tablesOf(opened), name).toEqual(before);
      expect(await migrate(opened.db, name), name).toBeUndefined();
    }
    expect(await tablesOf(opened)).toEqual(await tablesOf(whole));
    await Promise.all([opened.drop(), whole.drop()]);
  });
});

test('two that migrate one SQLite file at once wait for each other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  const config = { dialect: 'sqlite', file: join(folder, 'db') } as const;
  const both = [await openUnmigrated(config), await openUnmigrated(config)];
  const latest = Object.keys(migrations).at(-1) ?? '';
  expect(await Promise.all(both.map(({ db }) => migrate(db, latest)))).toEqual([undefined, undefined]);
  for (const { db } of both) await db.destroy();
  rmSync(folder, { recursive: true });
});

import type { Migration, MigrationProvider } from 'kysely/migration';
import { first } from './migrations/0001-first.js';
import { accessControl } from './migrations/0002-access-control.js';
import { oauth } from './migrations/0005-oauth.js';

/** Numbered, in order, never edited once released: a change is the next number. */
const migrations: Record<string, Migration> = {
  '0001-first': { up: first },
  '0002-access-control': { up: accessControl },
  '0005-oauth': { up: oauth },
};

export const migrationProvider: MigrationProvider = { getMigrations: async () => migrations };

import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openForReading } from '../db/open.js';
import { createStore } from '../db/store.js';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness } from '../testing/harness.js';
import { backUpInstallation } from './backup-command.js';

describe.each(scratchDatabases)('the operator’s backup on $name', ({ name, create }) => {
  let scratch: Awaited<ReturnType<typeof create>>;
  let server: Harness;
  beforeEach(async () => {
    scratch = await create();
    server = await harness(scratch.url ? { databaseUrl: scratch.url } : {});
  });
  afterEach(async () => {
    await server.end();
    await scratch.drop();
  });

  async function backUp(...args: string[]) {
    const said: string[] = [];
    const io = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
    const url = scratch.url ? { PIPECAT_CLOUD_DATABASE_URL: scratch.url } : {};
    const code = await backUpInstallation(args, { PIPECAT_CLOUD_DATA_DIR: server.directory, ...url }, io);
    return { code, said: said.join('\n') };
  }
  const noted = () => server.store.settings.find('last-backup-at');

  // PostgreSQL has tools of its own.
  if (name === 'SQLite') {
    test('a SQLite database in use is copied whole, for its owner alone, and that is noted', async () => {
      await server.organization('ours');
      const file = join(server.directory, 'copy.db');
      const before = Date.now();
      expect(await backUp(file)).toMatchObject({ code: 0, said: expect.stringContaining('keys.json') });
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const copy = createStore(openForReading({ dialect: 'sqlite', file }));
      expect(await copy.organizations.findByName('ours')).toBeDefined();
      await copy.close();
      expect(Date.parse((await noted()) ?? '')).toBeGreaterThanOrEqual(before);
      expect((await readdir(server.directory)).filter((each) => each.startsWith('copy.db'))).toEqual(['copy.db']);
    });
  }

  test('what is there is not written over, and no backup is noted where none was made', async () => {
    const file = join(server.directory, 'copy.db');
    await writeFile(file, 'mine');
    expect(await backUp(file)).toMatchObject({
      code: 1,
      said: expect.stringContaining(name === 'SQLite' ? 'there already' : 'pg_dump'),
    });
    expect(await backUp(join(server.directory, 'no', 'such', 'folder.db'))).toMatchObject({ code: 1 });
    expect(await noted()).toBeUndefined();
  });

  test('one that was made otherwise is noted', async () => {
    expect(await backUp('--note')).toMatchObject({ code: 0 });
    expect(await noted()).toMatch(/^\d{4}-.*Z$/);
    expect(await backUp()).toMatchObject({ code: 2 });
    expect(await backUp('a', '--note')).toMatchObject({ code: 2 });
  });
});

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../db/open.js';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness } from '../testing/harness.js';
import { verifyInstallation } from './verify-command.js';

describe.each(scratchDatabases)('the operator’s verification on $name', ({ create }) => {
  let scratch: Awaited<ReturnType<typeof create>>;
  let server: Harness;
  let env: Record<string, string>;
  beforeEach(async () => {
    scratch = await create();
    server = await harness(scratch.url ? { databaseUrl: scratch.url } : {});
    env = {
      PIPECAT_CLOUD_DATA_DIR: server.directory,
      ...(scratch.url ? { PIPECAT_CLOUD_DATABASE_URL: scratch.url } : {}),
    };
  });
  afterEach(async () => {
    await server.end();
    await scratch.drop();
  });

  async function verify(args: string[] = [], environment = env) {
    const output = { stdout: '', stderr: '' };
    const code = await verifyInstallation(args, environment, {
      out: (text) => {
        output.stdout += text;
      },
      err: (text) => {
        output.stderr += text;
      },
    });
    return { code, ...output };
  }

  test('a whole installation is verified while it runs, and exits 0', async () => {
    expect(await verify(['--json'])).toMatchObject({ code: 0, stderr: '' });
    const { chains } = JSON.parse((await verify(['--json'])).stdout) as { chains: { name: string; ok: boolean }[] };
    expect(chains.map(({ name, ok }) => [name, ok])).toEqual([
      ['first', true],
      ['installation', true],
    ]);
  });

  test('a changed record is named, and exits 1', async () => {
    const { db } = await openDatabase(server.config.database);
    await db
      .updateTable('audit')
      .set({ address: '192.0.2.66' })
      .where('action', '=', 'installation.bootstrapped')
      .execute();
    await db.destroy();
    const found = await verify();
    expect(found).toMatchObject({ code: 1, stderr: '1 of 2 chains are broken' });
    expect(found.stdout).toContain('BROKEN  first: record 1: its fields do not give its hash');
  });

  test('without the keys of the installation nothing is said to be whole', async () => {
    await rm(join(server.directory, 'keys.json'));
    const found = await verify();
    expect(found.code).toBe(1);
    expect(found.stderr).toContain('there is no');
    await expect(rm(join(server.directory, 'keys.json'))).rejects.toThrow('ENOENT');
  });

  test('a wrong option is a matter of usage', async () => {
    expect((await verify(['--frob'])).code).toBe(2);
    expect((await verify(['a', 'b'])).code).toBe(2);
    expect(await verify(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage') });
  });
});

test('a folder without an installation is no success', async () => {
  const said: string[] = [];
  const code = await verifyInstallation(['/nowhere'], {}, { out: () => {}, err: (text) => said.push(text) });
  expect([code, said.join()]).toEqual([1, expect.stringContaining('Nothing was verified')]);
});

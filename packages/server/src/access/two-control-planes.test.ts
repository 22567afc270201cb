import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';
import { openPostgresProxy, type PostgresProxy } from '../testing/postgres-proxy.js';
import { createAccessCache } from './access-cache.js';
import { type AccessListener, createAccessListener } from './access-listener.js';

const postgres = scratchDatabases.find(({ name }) => name === 'PostgreSQL');

/** Resolves once the condition holds; the test's own time limit is the deadline. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe.skipIf(!postgres)('two control planes on PostgreSQL', () => {
  let drop: () => Promise<void>;
  let url: string;
  beforeEach(async () => {
    const database = await (postgres ?? scratchDatabases[0])?.create();
    url = database?.url ?? '';
    drop = database?.drop ?? (async () => {});
  });

  describe('one revokes, the other follows', () => {
    let planes: [Harness, Harness];
    let org: TestOrganization;
    beforeEach(async () => {
      const first = await harness({ databaseUrl: url });
      planes = [first, await harness({ databaseUrl: url, directory: first.directory })];
      org = await first.organization('shared');
    });
    afterEach(async () => {
      for (const plane of planes) await plane.end();
      await drop();
    });

    test('a revoked token', async () => {
      const { token, tokenId } = await org.member('viewer');
      const [here, there] = planes;
      const status = async () => (await there.call(token, 'GET', '/v1/users')).status;
      expect(await status()).toBe(200);
      await here.call(token, 'DELETE', `/v1/tokens/${tokenId}`);
      await until(async () => (await status()) === 401);
    });

    test('a role that was taken', async () => {
      const { token, userId } = await org.member('developer');
      const [here, there] = planes;
      const status = async () =>
        (await there.call(token, 'POST', '/v1/organizations/shared/builds/upload-url', {})).status;
      expect(await status()).toBe(200);
      const { store } = here;
      await store.changeAccess(async (repos) => {
        await repos.members.setRole(org.id, userId, 'viewer');
      });
      await until(async () => (await status()) === 403);
    });
  });

  describe('the connection that tells of changes', () => {
    let proxy: PostgresProxy;
    let listener: AccessListener;
    const cache = createAccessCache();
    const kept = async (key: string) => {
      await cache.through(key, async () => ({}));
      return cache.get(key) !== undefined;
    };

    beforeEach(async () => {
      proxy = await openPostgresProxy(url);
      listener = createAccessListener({
        ...{ url: proxy.url, cache, log: pino({ enabled: false }) },
        ...{ heartbeatMs: 100, retryMs: 20 },
      });
      listener.start();
      await until(() => kept('ready'));
    });
    afterEach(async () => {
      proxy.setMute(false);
      await listener.close();
      proxy.cut();
      await proxy.close();
      await drop();
    });

    test('when it is cut nothing is kept', async () => {
      // On a busy machine a sign of life may be late, and then the connection is made anew.
      await until(() => kept('before'));
      const closed = proxy.close();
      proxy.cut();
      await closed;
      await until(async () => !(await kept('cut')));
      expect(cache.get('before')).toBeUndefined();
    });

    test('when it falls silent without closing, that counts as cut', async () => {
      proxy.setMute(true);
      await until(async () => !(await kept('silent')));
      proxy.setMute(false);
      await until(() => kept('back'));
    });

    test('one that is taken and never answered is given up for another', async () => {
      proxy.setMute(true);
      proxy.cut();
      const before = proxy.swallowed();
      await until(() => proxy.swallowed() > before);
      proxy.setMute(false);
      await until(() => kept('back'));
    });

    test('when it stands still, closing does not wait for it', async () => {
      proxy.freeze();
      await listener.close();
    });
  });
});

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';
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
    let proxy: Server;
    let sockets: Socket[];
    let mute = false;
    let listener: AccessListener;
    const cache = createAccessCache();
    const kept = async (key: string) => {
      await cache.through(key, async () => ({}));
      return cache.get(key) !== undefined;
    };

    beforeEach(async () => {
      sockets = [];
      mute = false;
      const target = new URL(url);
      // PostgreSQL behind something that can be cut, or fall silent.
      proxy = createServer((socket) => {
        const behind = connect(Number(target.port || 5432), target.hostname);
        sockets.push(socket, behind);
        behind.on('data', (data) => mute || socket.write(data));
        socket.on('data', (data) => mute || behind.write(data));
        const end = () => {
          socket.destroy();
          behind.destroy();
        };
        for (const one of [socket, behind]) one.on('error', end).on('close', end);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const through = new URL(url);
      through.hostname = '127.0.0.1';
      through.port = String((proxy.address() as AddressInfo).port);
      listener = createAccessListener({
        url: through.href,
        cache,
        log: pino({ enabled: false }),
        heartbeatMs: 100,
        retryMs: 20,
      });
      listener.start();
      await until(() => kept('ready'));
    });
    afterEach(async () => {
      mute = false;
      await listener.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await drop();
    });

    test('when it is cut nothing is kept', async () => {
      expect(await kept('before')).toBe(true);
      const closed = new Promise((resolve) => proxy.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await until(async () => !(await kept('cut')));
      expect(cache.get('before')).toBeUndefined();
    });

    test('when it falls silent without closing, that counts as cut', async () => {
      mute = true;
      await until(async () => !(await kept('silent')));
      mute = false;
      await until(() => kept('back'));
    });
  });
});

import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAudit } from './audit/audit-service.js';
import { bootstrap, firstTokenEnd } from './bootstrap.js';
import { systemIds } from './system.js';
import { createFakeClock, harness } from './testing/harness.js';

test('first boot makes the owner, an organization and a token that lives a day; a second boot changes nothing', async () => {
  const clock = createFakeClock();
  const server = await harness({ clock });
  try {
    const file = join(server.directory, 'bootstrap-token');
    const token = (await readFile(file, 'utf8')).trim();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await server.call(token, 'GET', '/v1/users')).body.user.emails).toEqual([
      { emailAddress: 'owner@example.com' },
    ]);
    expect((await server.call(token, 'GET', '/v1/organizations')).body.organizations).toMatchObject([
      { name: 'first', role: 'owner' },
    ]);

    const { config, store, digests } = server;
    const again = await bootstrap({
      config,
      store,
      digests,
      clock,
      ids: systemIds,
      audit: createAudit({ clock, ids: systemIds }),
    });
    expect(again).toMatchObject({
      ownerId: server.bootstrapped.ownerId,
      installationId: server.bootstrapped.installationId,
      tokenFile: undefined,
    });
    expect((await readFile(file, 'utf8')).trim()).toBe(token);

    const end = new Date(clock.now().getTime() + 24 * 60 * 60 * 1000).toISOString();
    expect(await firstTokenEnd({ config, store, digests, clock })).toBe(end);
    clock.advance(24 * 60 * 60 * 1000);
    expect((await server.call(token, 'GET', '/v1/users')).body.reason).toBe('expired_token');
    expect(await firstTokenEnd({ config, store, digests, clock })).toBeUndefined();
  } finally {
    await server.end();
  }
});

test('a first token that was revoked, or whose file is gone, has no end to tell', async () => {
  const clock = createFakeClock();
  const server = await harness({ clock });
  try {
    const { config, store, digests } = server;
    const file = join(server.directory, 'bootstrap-token');
    const token = (await readFile(file, 'utf8')).trim();
    expect((await server.call(token, 'DELETE', '/v1/tokens/self')).status).toBe(200);
    expect(await firstTokenEnd({ config, store, digests, clock })).toBeUndefined();
    await rm(file);
    expect(await firstTokenEnd({ config, store, digests, clock })).toBeUndefined();
  } finally {
    await server.end();
  }
});

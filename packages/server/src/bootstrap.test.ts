import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAudit } from './audit/audit-service.js';
import { bootstrap } from './bootstrap.js';
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

    clock.advance(24 * 60 * 60 * 1000);
    expect((await server.call(token, 'GET', '/v1/users')).body.reason).toBe('expired_token');
  } finally {
    await server.end();
  }
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness } from '../testing/harness.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';

const postgres = scratchDatabases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('two control planes on $name', (database) => {
  let world: PoolWorld;
  let other: Harness;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    let url: string | undefined;
    const remembered = {
      ...database,
      create: async () => {
        const scratch = await database.create();
        url = scratch.url;
        drop = scratch.drop;
        return scratch;
      },
    };
    world = await openPoolWorld(remembered);
    const { directory } = world.server;
    other = await harness({ clock: systemClock, directory, ...(url ? { databaseUrl: url } : {}) });
  });
  afterEach(async () => {
    // The first has closed, and they share a folder.
    world.worker.disconnect();
    await other.end();
    await drop();
  });

  test('the one that stands by ends no session of the other, starts none, and takes over when it goes', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 2 });
    const { sessionId } = (await world.start()).body;
    const url = await other.http.listen({ port: 0, host: '127.0.0.1' });
    // A worker that dials it is sent away.
    const sent = new WebSocket(`${url.replace('http', 'ws')}/v1/workers/channel`, {
      headers: { authorization: `Bearer ${world.worker.credential}` },
    } as never);
    expect(await new Promise((resolve) => sent.addEventListener('close', ({ code }) => resolve(code)))).toBe(4503);
    expect((await world.session(sessionId)).state).toBe('active');
    await world.server.close();
    await until(async () => {
      const again = await world.worker.connectTo(url);
      expect(again).toBe(true);
    });
    const path = '/v1/organizations/ours/services/bot/sessions';
    expect((await other.call(world.admin.token, 'GET', `${path}/${sessionId}`)).body.state).toBe('active');
    expect((await other.call(world.admin.token, 'POST', path, {})).status).toBe(200);
  });
});

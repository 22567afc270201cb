import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runningMs } from '../running-clock.js';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness } from '../testing/harness.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';

const postgres = scratchDatabases.find(({ name }) => name === 'PostgreSQL');
const ofOurs = '/v1/organizations/ours/services/bot';

describe.skipIf(!postgres)('a control plane that has stood by, on PostgreSQL', () => {
  let world: PoolWorld;
  let other: Harness;
  let url: string;
  /** By how much the other one has run for longer than it has. */
  let aheadMs: number;
  beforeEach(async () => {
    if (!postgres) throw new Error('unreachable: skipped');
    world = await openPoolWorld(postgres);
    const { directory, config } = world.server;
    const databaseUrl = config.database.dialect === 'postgres' ? config.database.url : '';
    aheadMs = 0;
    const ahead = () => runningMs() + aheadMs;
    other = await harness({ clock: systemClock, databaseUrl, directory, runningMs: ahead });
    url = await other.http.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(async () => {
    await other.close();
    await world.close();
  });

  const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
    other.call(world.admin.token, method, ofOurs + path, body);

  test('it refuses at once what needs a worker, changes nothing, and says where to go', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 2 });
    const { sessionId } = (await world.start()).body;
    const claims = async () => (await world.slots()).map(({ id, epoch, sessionId }) => [id, epoch, sessionId]);
    const before = await claims();
    for (const [method, path] of [
      ['POST', '/sessions'],
      ['DELETE', `/sessions/${sessionId}`],
      ['GET', '/logs'],
    ] as const) {
      const { status, body, headers } = await ask(method, path, method === 'POST' ? {} : undefined);
      expect([status, body.reason, headers['retry-after']]).toEqual([503, 'PCC-STANDBY', '1']);
    }
    expect(await claims()).toEqual(before);
    expect((await ask('GET', `/sessions/${sessionId}`)).body.state).toBe('active');
    const leaders = await Promise.all([world.server, other].map(({ http }) => http.inject('/leaderz')));
    expect(leaders.map(({ statusCode }) => statusCode)).toEqual([200, 503]);
    await expect(world.worker.connectTo(url)).rejects.toThrow('4503 another control plane runs the agents');
  });

  test('for however long it has: when it takes over, no worker is missed that could not have come, and nothing is claimed twice', async () => {
    await world.deploy({ minAgents: 2, maxAgents: 3 });
    await until(async () => expect((await world.slots()).filter(({ state }) => state === 'ready')).toHaveLength(2));
    const { sessionId } = (await world.start()).body;
    const held = (await world.session(sessionId)).instanceId;
    const warm = [...world.worker.instances.keys()].filter((id) => id !== held);

    // Longer than any session may last.
    aheadMs = 5 * 60 * 60 * 1000;
    // With its worker linked to it: that must not keep it from going.
    await world.server.close();
    await until(async () => expect((await other.http.inject('/leaderz')).statusCode).toBe(200));
    await until(() => world.worker.connectTo(url));
    await until(async () => expect((await ask('POST', '/sessions', {})).status).toBe(200));

    expect((await ask('GET', `/sessions/${sessionId}`)).body).toMatchObject({ state: 'active', endReason: null });
    expect([...world.worker.instances.keys()]).toEqual(expect.arrayContaining(warm));
    const activated = world.worker.activations();
    expect(new Set(activated.map(({ instanceId }) => instanceId)).size).toBe(activated.length);
    expect(new Set(activated.map(({ sessionId: id }) => id)).size).toBe(activated.length);
    world.worker.endSession(sessionId, 'completed');
    await until(async () =>
      expect((await ask('GET', `/sessions/${sessionId}`)).body).toMatchObject({ endReason: 'completed' }),
    );
  });

  test('one that brings other keys does not start', async () => {
    const { config } = world.server;
    const databaseUrl = config.database.dialect === 'postgres' ? config.database.url : '';
    await expect(harness({ databaseUrl })).rejects.toThrow(/keys\.json are not those of this database/);
  });
});

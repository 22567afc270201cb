import type { BuildOrder, RegistryCredentials } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { badRequest } from '../errors.js';
import type { InstanceSecrets } from '../secrets/secret-service.js';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import type { WorkerScope } from '../workers/worker-repository.js';
import { type BuildQueue, createBuildQueue } from './build-queue.js';
import type { BuildWorkers } from './builder.js';

const hourMs = 3_600_000;
const silent: { info(): void; warn(fields: unknown): void; error(): void } = { info() {}, warn() {}, error() {} };

describe.each(databases)('the build queue on $name', (database) => {
  let world: BuildWorld;
  let queues: BuildQueue[];
  let orders: BuildOrder[];
  /** Who got them. */
  let given: string[];
  let connected: string[];
  beforeEach(async () => {
    world = await openBuildWorld(database);
    queues = [];
    orders = [];
    given = [];
    connected = ['w1'];
  });
  afterEach(async () => {
    await Promise.all(queues.map((queue) => queue.close()));
    await world.end();
  });

  function open(
    options: {
      intervalMs?: number;
      log?: typeof silent;
      build?: (order: BuildOrder) => Promise<void>;
      secretsOf?: (organizationId: string, name: string) => Promise<InstanceSecrets>;
      registryOf?: (organizationId: string, name: string) => Promise<RegistryCredentials | undefined>;
    } = {},
  ) {
    const workers: BuildWorkers = {
      pick: async () => connected[0],
      isConnected: (workerId) => connected.includes(workerId),
      build: async (workerId, order) => {
        orders.push(order);
        given.push(workerId);
        await options.build?.(order);
      },
      forget: async () => undefined,
    };
    const { intervalMs = hourMs, log = silent, secretsOf = async () => ({ environment: {} }) } = options;
    const { registryOf = async () => undefined } = options;
    const { store, clock } = world;
    const deps = { store, clock, workers, secretsOf, registryOf, log };
    const queue = createBuildQueue({ ...deps, intervalMs, timeoutSeconds: 60 });
    queues.push(queue);
    return queue;
  }
  async function create(text: string) {
    const uploadId = await world.upload(world.acme, contextOf({ Dockerfile: text }));
    return (await world.builds.create(world.acme, testActor, { uploadId })).build;
  }
  const seen = () => orders.map(({ buildId }) => buildId);

  test('gives every open build of every organization to a worker, oldest first', async () => {
    const first = await create('a');
    world.clock.advance(1000);
    const second = await create('b');
    const finished = await create('c');
    await world.builds.buildFinished(finished.id, 'failed', 'x', world.clock.now().toISOString());
    await world.builds.buildStarted(second.id, world.clock.now().toISOString());
    open().nudge();
    await vi.waitFor(() => expect(orders).toHaveLength(2));
    const { contextSha256 } = first;
    expect(orders[0]).toEqual({
      buildId: first.id,
      organizationId: world.acme.id,
      contextSha256,
      dockerfilePath: 'Dockerfile',
      timeoutSeconds: 60,
    });
    expect(orders[1]?.buildId).toBe(second.id);
  });

  test('without a worker a build stays pending, is offered again, and the log says so once', async () => {
    const { id } = await create('a');
    const warned: unknown[] = [];
    const log = { ...silent, warn: (fields: unknown) => void warned.push(fields) };
    const queue = open({
      intervalMs: 5,
      log,
      build: async () => {
        if (orders.length < 4) throw new Error('No worker is connected');
      },
    });
    queue.start();
    await vi.waitFor(() => expect(orders.length).toBeGreaterThan(5));
    expect(warned).toHaveLength(1);
    expect((await world.builds.get(world.acme.id, id)).status).toBe('pending');
  });

  test('an order that hangs is not given twice, and holds up no other', async () => {
    const stuck = await create('a');
    const answered = Promise.withResolvers<void>();
    const queue = open({ build: (order) => (order.buildId === stuck.id ? answered.promise : Promise.resolve()) });
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id]));
    const other = await create('b');
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id, other.id]));
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id, other.id, other.id]));
    answered.resolve();
  });

  test('a build that was under way when the control plane was restarted is given again, until it ends', async () => {
    const { id } = await create('a');
    const before = open();
    before.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([id]));
    await world.builds.buildStarted(id, world.clock.now().toISOString());
    await before.close();

    const after = open();
    after.start();
    await vi.waitFor(() => expect(seen()).toEqual([id, id]));
    await world.builds.buildFinished(id, 'success', undefined, world.clock.now().toISOString());
    const { id: next } = await create('b');
    after.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([id, id, next]));
  });

  describe('which worker', () => {
    const workerOf = async (id: string) => (await world.builds.get(world.acme.id, id)).workerId;
    const enrol = (id: string) =>
      world.store.workers.insert({ id, name: id, digest: id, pepperId: 'pep1' }, world.clock.now());

    async function givenAgain(queue: BuildQueue): Promise<void> {
      queue.nudge();
      await queue.settled();
    }

    test('a build stays with its worker, also while that is away', async () => {
      await enrol('w1');
      await world.store.workers.touch('w1', world.clock.now());
      const { id } = await create('a');
      const queue = open();
      await givenAgain(queue);
      expect(await workerOf(id)).toBe('w1');
      connected = ['w2', 'w1'];
      await givenAgain(queue);
      connected = ['w2'];
      await givenAgain(queue);
      expect(given).toEqual(['w1', 'w1']);
    });

    test('a worker that says nothing for minutes, while somebody listened, loses it', async () => {
      await enrol('w1');
      const { id } = await create('a');
      await givenAgain(open());
      connected = ['w2'];
      world.clock.advance(200_000);
      const late = open();
      await givenAgain(late);
      expect(given).toEqual(['w1']);
      world.clock.advance(200_000);
      await givenAgain(late);
      expect(given).toEqual(['w1', 'w2']);
      expect(await workerOf(id)).toBe('w2');

      // What the first still says of it counts no more.
      const at = world.clock.now().toISOString();
      await world.builds.buildLines(id, [{ position: 1, text: 'old' }], 'w1');
      await world.builds.buildFinished(id, 'failed', 'old', at, { from: 'w1' });
      expect(await world.builds.logs(world.acme.id, id, {})).toEqual([]);
      expect((await world.builds.get(world.acme.id, id)).status).toBe('pending');
      await world.builds.buildFinished(id, 'success', undefined, at, { from: 'w2', imageSizeBytes: 7 });
      expect(await world.builds.get(world.acme.id, id)).toMatchObject({ status: 'success', imageSizeBytes: 7 });
    });

    test('a worker whose credential is revoked loses it at once', async () => {
      await enrol('w1');
      await create('a');
      const queue = open();
      await givenAgain(queue);
      await world.db.updateTable('worker').set({ revoked_at: world.clock.now().toISOString() }).execute();
      connected = ['w2'];
      await givenAgain(queue);
      expect(given).toEqual(['w1', 'w2']);
    });
  });

  test('a build that was made is ordered again from a worker of its region that has lost it, and changes nothing', async () => {
    const { id } = await create('a');
    const queue = open();
    const ask = async (scope: WorkerScope | undefined, buildId = id) => {
      queue.again({ workerId: 'w2', scope }, buildId);
      await queue.settled();
    };
    const at = world.clock.now().toISOString();
    await ask(undefined);
    await world.builds.buildFinished(id, 'success', undefined, at);
    const finished = await world.builds.get(world.acme.id, id);
    await ask({ organizationId: world.bolt.id, region: 'us-west' });
    await ask({ organizationId: world.acme.id, region: 'elsewhere' });
    await ask(undefined, 'no-uuid\0');
    expect(given).toEqual([]);
    await ask(undefined);
    expect(given).toEqual(['w2']);
    expect(orders[0]).toMatchObject({ buildId: id, organizationId: world.acme.id });
    await world.builds.buildFinished(id, 'failed', 'x', at, { from: 'w2' });
    expect(await world.builds.get(world.acme.id, id)).toEqual(finished);
  });

  test('the order carries the secrets of the build, and one whose set is gone fails and says so', async () => {
    const uploadId = await world.upload(world.acme);
    const { id } = (await world.builds.create(world.acme, testActor, { uploadId })).build;
    await world.db.updateTable('build').set({ secret_set: 'tokens' }).execute();
    const queue = open({ secretsOf: async (_, name) => ({ environment: { FROM: name } }) });
    queue.nudge();
    await queue.settled();
    expect(orders[0]?.secrets).toEqual({ FROM: 'tokens' });
    const without = open({ secretsOf: () => Promise.reject(badRequest('It is gone')) });
    without.nudge();
    await without.settled();
    expect(await world.builds.get(world.acme.id, id)).toMatchObject({
      status: 'failed',
      errorMessage: "The build's secret set 'tokens' can't be used: It is gone",
    });
  });

  test('the order carries what base images are pulled with, also when the build is made again', async () => {
    const uploadId = await world.upload(world.acme);
    const { id } = (await world.builds.create(world.acme, testActor, { uploadId })).build;
    await world.db.updateTable('build').set({ image_pull_secret_set: 'ghcr' }).execute();
    const registryOf = async (organizationId: string, name: string) =>
      organizationId === world.acme.id ? { host: `${name}.io/`, credentials: 'YTpi' } : undefined;
    const queue = open({ registryOf });
    queue.nudge();
    await queue.settled();
    const registry = { host: 'ghcr.io/', credentials: 'YTpi' };
    expect(orders[0]?.registry).toEqual(registry);
    expect(orders[0]).not.toHaveProperty('secrets');
    await world.builds.buildFinished(id, 'success', undefined, world.clock.now().toISOString());
    queue.again({ workerId: 'w2', scope: undefined }, id);
    await queue.settled();
    expect(orders[1]).toMatchObject({ buildId: id, registry });
  });

  test('one whose image pull secret set is gone is ordered without, and one whose values are lost fails', async () => {
    const uploadId = await world.upload(world.acme);
    const { id } = (await world.builds.create(world.acme, testActor, { uploadId })).build;
    await world.db.updateTable('build').set({ secret_set: 'tokens', image_pull_secret_set: 'ghcr' }).execute();
    const gone = open({ registryOf: async () => undefined });
    gone.nudge();
    await gone.settled();
    expect(orders[0]).toMatchObject({ buildId: id, secrets: {} });
    expect(orders[0]).not.toHaveProperty('registry');
    const lost = open({ registryOf: () => Promise.reject(badRequest('The key is lost')) });
    lost.nudge();
    await lost.settled();
    expect(await world.builds.get(world.acme.id, id)).toMatchObject({
      status: 'failed',
      errorMessage: "The build's secret set 'ghcr' can't be used: The key is lost",
    });
  });

  test('closing waits for the orders that are on their way', async () => {
    const { id } = await create('a');
    const sent = Promise.withResolvers<void>();
    const queue = open({ build: () => sent.promise });
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([id]));
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    // It waits for nothing else by then.
    await world.store.builds.findAny(id);
    expect(closed).toBe(false);
    sent.resolve();
    await closing;
  });

  test('a build that nobody makes within a day is over', async () => {
    connected = [];
    const { id } = await create('a');
    world.clock.advance(24 * hourMs + 1);
    const queue = open();
    queue.nudge();
    await queue.settled();
    expect(await world.builds.get(world.acme.id, id)).toMatchObject({
      status: 'timeout',
      errorMessage: expect.stringContaining('No worker'),
    });
    expect(orders).toEqual([]);
  });
});

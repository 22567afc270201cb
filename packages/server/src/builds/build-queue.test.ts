import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import { type BuildQueue, createBuildQueue } from './build-queue.js';

const hourMs = 3_600_000;
const silent: { warn(fields: unknown): void; error(): void } = { warn: () => {}, error: () => {} };

describe.each(databases)('the build queue on $name', (database) => {
  let world: BuildWorld;
  let queues: BuildQueue[];
  let orders: BuildOrder[];
  beforeEach(async () => {
    world = await openBuildWorld(database);
    queues = [];
    orders = [];
  });
  afterEach(async () => {
    await Promise.all(queues.map((queue) => queue.close()));
    await world.end();
  });

  function open(
    options: { intervalMs?: number; log?: typeof silent; build?: (order: BuildOrder) => Promise<void> } = {},
  ) {
    const workers = {
      build: async (order: BuildOrder) => {
        orders.push(order);
        await options.build?.(order);
      },
    };
    const { intervalMs = hourMs, log = silent } = options;
    const queue = createBuildQueue({ store: world.store, workers, log, intervalMs, timeoutSeconds: 60 });
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
    expect(orders[0]).toEqual({ buildId: first.id, contextSha256, dockerfilePath: 'Dockerfile', timeoutSeconds: 60 });
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
    const queue = open({ build: (order) => (order.buildId === stuck.id ? new Promise(() => {}) : Promise.resolve()) });
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id]));
    const other = await create('b');
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id, other.id]));
    queue.nudge();
    await vi.waitFor(() => expect(seen()).toEqual([stuck.id, other.id, other.id]));
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
});

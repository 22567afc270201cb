import { pino } from 'pino';
import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyedQueue } from '../process/keyed-queue.js';
import type { ListedContainer } from './engine-types.js';
import { labelNames } from './labels.js';
import { createLeftovers } from './leftovers.js';

let removed: string[];
let listed: ListedContainer[];
let making: Set<string>;
let inTurn: ReturnType<typeof createKeyedQueue>;
/** What a look at the engine's containers waits for. */
let answer: Promise<void>;
const list = vi.fn(async () => {
  await answer;
  return listed;
});
const sweepNetworks = vi.fn(async () => undefined);

let leftovers: ReturnType<typeof createLeftovers>;
beforeEach(() => {
  removed = [];
  listed = [];
  making = new Set();
  inTurn = createKeyedQueue();
  answer = Promise.resolve();
  vi.clearAllMocks();
  leftovers = createLeftovers({
    containers: { list, remove: async (name) => void removed.push(name) },
    networks: { sweep: sweepNetworks },
    outputs: { forget: async () => undefined },
    nameOf: (instanceId) => `c-${instanceId}`,
    inTurn,
    isBeingMade: (instanceId) => making.has(instanceId),
    log: pino({ level: 'silent' }),
  });
});

const created = (instanceId: string) =>
  ({
    Id: `id-${instanceId}`,
    State: 'created',
    Labels: { [labelNames.instanceId]: instanceId },
  }) as unknown as ListedContainer;

test('what was refused is removed, and one that is being made for minutes keeps nothing waiting', async () => {
  for (const instanceId of ['i-1', 'i-2']) leftovers.condemn(instanceId);
  listed = [created('i-1'), created('i-3')];
  making.add('i-1');
  void inTurn('i-1', () => new Promise(() => undefined));
  await leftovers.sweep();
  expect(removed).toEqual(['c-i-2', 'id-i-3']);
  expect(sweepNetworks).toHaveBeenCalledOnce();
  expect([leftovers.isCondemned('i-1'), leftovers.isCondemned('i-2')]).toEqual([true, false]);
});

test('one that was made anew while a sweep waited for its turn stays', async () => {
  leftovers.condemn('i-1');
  const { promise, resolve: made } = Promise.withResolvers<void>();
  void inTurn('i-1', () => promise);
  const sweeping = leftovers.sweep();
  leftovers.acquit('i-1');
  made();
  await sweeping;
  expect(removed).toEqual([]);
});

test('however long one sweep takes, no other runs beside it', async () => {
  const { promise, resolve: comeBack } = Promise.withResolvers<void>();
  answer = promise;
  const sweeps = [leftovers.sweep(), leftovers.sweep(), leftovers.sweep()];
  await vi.waitFor(() => expect(list).toHaveBeenCalled());
  expect(list).toHaveBeenCalledOnce();
  comeBack();
  await Promise.all(sweeps);
  expect(list).toHaveBeenCalledTimes(2);
});

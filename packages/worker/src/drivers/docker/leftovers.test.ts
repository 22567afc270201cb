import { pino } from 'pino';
import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyedQueue } from '../process/keyed-queue.js';
import type { InspectedContainer, ListedContainer } from './engine-types.js';
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
const inspect = async (id: string) => {
  const State = { Status: listed.find(({ Id }) => Id === id)?.State };
  return { State } as InspectedContainer;
};
const remove = vi.fn(async (name: string) => void removed.push(name));
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
    containers: { list, inspect, remove },
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

test('one that was started while the sweep was about another stays', async () => {
  listed = [created('i-1'), created('i-2')];
  making.add('i-2');
  remove.mockImplementationOnce(async (name) => {
    // The making of the other ends meanwhile: it runs.
    listed = [created('i-1'), { ...created('i-2'), State: 'running' }];
    making.delete('i-2');
    removed.push(name);
  });
  await leftovers.sweep();
  expect(removed).toEqual(['id-i-1']);
});

test('one whose making has begun anew is looked at once that is over', async () => {
  listed = [created('i-1')];
  const { promise, resolve: started } = Promise.withResolvers<void>();
  void inTurn('i-1', async () => {
    await promise;
    listed = [{ ...created('i-1'), State: 'running' }];
  });
  const sweeping = leftovers.sweep();
  await vi.waitFor(() => expect(list).toHaveBeenCalled());
  started();
  await sweeping;
  expect(removed).toEqual([]);
});

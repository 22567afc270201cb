import { expect, test, vi } from 'vitest';
import { createPlaceQueue } from './place-queue.js';

const giveBack = vi.fn(async () => {});

test('places go to whoever came first, one queue an agent', async () => {
  const queue = createPlaceQueue({ pollMs: 60_000 });
  const free: Record<string, string[]> = { a: [], b: [] };
  const wait = (key: string) => queue.wait(key, async () => free[key]?.shift(), { ms: 120_000, giveBack });
  const [first, second, other] = [wait('a'), wait('a'), wait('b')];
  expect([queue.length('a'), queue.length('b')]).toEqual([2, 1]);
  free.b?.push('b1');
  free.a?.push('a1');
  queue.wake();
  expect(await Promise.all([first, other])).toEqual(['a1', 'b1']);
  free.a?.push('a2');
  queue.wake();
  expect(await second).toBe('a2');
  expect(queue.length('a')).toBe(0);
});

test('a place that another process frees is found by asking now and then', async () => {
  const queue = createPlaceQueue({ pollMs: 5 });
  let free = false;
  const waiting = queue.wait('a', async () => (free ? 'place' : undefined), { ms: 120_000, giveBack });
  free = true;
  expect(await waiting).toBe('place');
});

test('a wake while the head is trying is not lost', async () => {
  const queue = createPlaceQueue({ pollMs: 60_000 });
  const answers = [Promise.withResolvers<string | undefined>(), Promise.withResolvers<string | undefined>()];
  let asked = 0;
  const waiting = queue.wait('a', () => answers[asked++]?.promise ?? Promise.resolve(undefined), {
    ms: 120_000,
    giveBack,
  });
  await vi.waitFor(() => expect(asked).toBe(1));
  queue.wake();
  answers[0]?.resolve(undefined);
  answers[1]?.resolve('place');
  expect(await waiting).toBe('place');
});

test('time that is up, and a caller that went, leave the queue to the others', async () => {
  const queue = createPlaceQueue({ pollMs: 60_000 });
  const nothing = async () => undefined;
  expect(await queue.wait('a', nothing, { ms: 1, giveBack })).toBeUndefined();
  const gone = new AbortController();
  const waiting = queue.wait('a', nothing, { ms: 120_000, signal: gone.signal, giveBack });
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  expect(queue.length('a')).toBe(0);
});

test('what was taken for a caller that has gone is given back', async () => {
  const queue = createPlaceQueue({ pollMs: 60_000 });
  const taken = Promise.withResolvers<string>();
  const given: string[] = [];
  const gone = new AbortController();
  const back = async (place: string) => void given.push(place);
  const waiting = queue.wait('a', () => taken.promise, { ms: 120_000, signal: gone.signal, giveBack: back });
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  taken.resolve('place');
  await vi.waitFor(() => expect(given).toEqual(['place']));
});

test('a failure reaches whoever it befell, and the next in line is served', async () => {
  const queue = createPlaceQueue({ pollMs: 60_000 });
  const failing = queue.wait('a', () => Promise.reject(new Error('no database')), { ms: 120_000, giveBack });
  const next = queue.wait('a', async () => 'place', { ms: 120_000, giveBack });
  await expect(failing).rejects.toThrow('no database');
  expect(await next).toBe('place');
});

import { expect, test, vi } from 'vitest';
import type { Engine, EngineRequest } from '../../engine/engine.js';
import { createBuildCache } from './build-cache.js';

/** A cache of an engine that takes its time, and what it was asked. */
function createWorld(limitBytes = 1000, settleMs = 60_000) {
  const asked: { path: string; request: EngineRequest; answer: () => void; fail: (error: Error) => void }[] = [];
  const warn = vi.fn();
  const ask = (_method: string, path: string, request: EngineRequest = {}) =>
    new Promise<void>((resolve, reject) => {
      request.signal?.addEventListener('abort', () => reject(request.signal?.reason));
      asked.push({ path, request, answer: resolve, fail: reject });
    });
  const engine = { request: ask as Engine['request'] };
  return { cache: createBuildCache({ engine, limitBytes, settleMs, log: { warn } }), asked, warn };
}

test('is cut down once at a time, and once more where a build has ended meanwhile', async () => {
  const { cache, asked } = createWorld();
  for (let builds = 0; builds < 3; builds++) cache.cut();
  expect(asked).toMatchObject([{ path: '/build/prune', request: { query: { 'keep-storage': '1000' } } }]);
  asked[0]?.answer();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]?.answer();
  await cache.close();
  expect(asked).toHaveLength(2);
});

test('is cut down again a moment later: what a build used is held until then', async () => {
  const { cache, asked } = createWorld(1000, 1);
  cache.cut();
  asked[0]?.answer();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]?.answer();
  cache.cut();
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  await cache.close();
});

test('what can not be cut down is said, and tried again after the next build', async () => {
  const { cache, asked, warn } = createWorld(1000, 1);
  cache.cut();
  for (let times = 1; times <= 2; times++) {
    await vi.waitFor(() => expect(asked).toHaveLength(times));
    asked.at(-1)?.fail(new Error('the engine is away'));
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(times));
  }
  cache.cut();
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  await cache.close();
});

test('does not hold the end of the worker', async () => {
  const { cache, asked, warn } = createWorld();
  cache.cut();
  cache.cut();
  await cache.close();
  expect(asked).toHaveLength(1);
  expect(warn).not.toHaveBeenCalled();
});

test('without a limit is left alone', () => {
  const { cache, asked } = createWorld(0);
  cache.cut();
  expect(asked).toEqual([]);
});

import { expect, test, vi } from 'vitest';
import type { Engine, EngineRequest } from '../../engine/engine.js';
import { createBuildCache } from './build-cache.js';

/** A cache of an engine that takes its time, and what it was asked. */
function createWorld(limitBytes = 1000) {
  const asked: { path: string; request: EngineRequest; answer: () => void; fail: (error: Error) => void }[] = [];
  const warn = vi.fn();
  const ask = (_method: string, path: string, request: EngineRequest = {}) =>
    new Promise<void>((resolve, reject) => {
      request.signal?.addEventListener('abort', () => reject(request.signal?.reason));
      asked.push({ path, request, answer: resolve, fail: reject });
    });
  const engine = { request: ask as Engine['request'] };
  return { cache: createBuildCache({ engine, limitBytes, log: { warn } }), asked, warn };
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

test('what can not be cut down is said, and tried again after the next build', async () => {
  const { cache, asked, warn } = createWorld();
  cache.cut();
  asked[0]?.fail(new Error('the engine is away'));
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
  await vi.waitFor(() => {
    cache.cut();
    expect(asked.length).toBeGreaterThanOrEqual(2);
  });
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

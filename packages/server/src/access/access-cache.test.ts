import { expect, test } from 'vitest';
import { createAccessCache } from './access-cache.js';

/** A read that goes on until it is answered. */
function slowRead() {
  const { promise, resolve } = Promise.withResolvers<{ is: string }>();
  return { read: () => promise, answer: (is: string) => resolve({ is }) };
}
const fresh = async () => ({ is: 'read again' });

test('what was read is kept until the next change', async () => {
  const cache = createAccessCache();
  await cache.through('a', async () => ({ is: 'read' }));
  expect(await cache.through('a', fresh)).toEqual({ is: 'read' });
  cache.evict();
  expect(await cache.through('a', fresh)).toEqual({ is: 'read again' });
});

test.each<[string, (cache: ReturnType<typeof createAccessCache>) => void]>([
  ['a change', (cache) => cache.evict()],
  ['the loss of the channel', (cache) => cache.setUsable(false)],
])('a read that began before %s is not kept', async (_, happen) => {
  const cache = createAccessCache();
  const { read, answer } = slowRead();
  const reading = cache.through('a', read);
  happen(cache);
  answer('old');
  expect(await reading).toEqual({ is: 'old' });
  expect(cache.get('a')).toBeUndefined();
});

test('nor is one that began while changes could not be heard of, and ends after they can be again', async () => {
  const cache = createAccessCache();
  cache.setUsable(false);
  const { read, answer } = slowRead();
  const reading = cache.through('a', read);
  // The change was told here, while nobody listened.
  cache.setUsable(true);
  answer('old');
  await reading;
  expect(cache.get('a')).toBeUndefined();
  await cache.through('a', fresh);
  expect(cache.get('a')).toEqual({ is: 'read again' });
});

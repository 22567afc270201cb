import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.js';

test('a call waits for the one under way and then has its own, also where that one fails', async () => {
  const first = Promise.withResolvers<void>();
  const told: string[] = [];
  const work = oneAtATime(async (name: string) => {
    told.push(`${name} begins`);
    if (name === 'first') await first.promise;
    told.push(`${name} ends`);
    return name;
  });
  const both = Promise.allSettled([work('first'), work('second')]);
  first.reject(new Error('no'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(told).toEqual(['first begins', 'second begins', 'second ends']);
  expect(await work('third')).toBe('third');
});

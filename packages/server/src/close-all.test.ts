import { expect, test } from 'vitest';
import { closeAll } from './close-all.js';

test('what fails to close keeps nothing after it open, and is told', async () => {
  const closed: string[] = [];
  const closing = closeAll([
    async () => closed.push('first'),
    () => Promise.reject(new Error('the database is away')),
    () => {
      throw new Error('also wrong');
    },
    () => undefined,
    async () => closed.push('last'),
  ]);
  await expect(closing).rejects.toThrow('the database is away');
  expect(closed).toEqual(['first', 'last']);
});

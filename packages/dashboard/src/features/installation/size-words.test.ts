import { expect, test } from 'vitest';
import { room, size } from './size-words';

test('sizes are said in the unit that leaves few digits', () => {
  expect([0, 1023, 1024, 1536, 200 * 1024 ** 2, 3 * 1024 ** 4, 5000 * 1024 ** 4].map(size)).toEqual([
    ...['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '200 MiB', '3.0 TiB', '5000 TiB'],
  ]);
  expect(size(null)).toBe('–');
  expect(room(1024 ** 3, 2 * 1024 ** 3)).toBe('1.0 GiB free of 2.0 GiB');
  expect(room(null, 1)).toBe('not known');
});

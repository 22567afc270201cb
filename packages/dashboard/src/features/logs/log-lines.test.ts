import { expect, test } from 'vitest';
import { compareCursors, createLogLines, endsOf } from './log-lines';

const line = (log: string) => ({ log, timestamp: '2026-05-04T10:00:00.000Z' });
const texts = (lines: readonly { log: string }[]) => lines.map(({ log }) => log).join('');
const held = (lines: ReturnType<typeof createLogLines>) => {
  const { first, dropped, lines: all } = lines.held();
  return [texts(all), first, dropped];
};

test('the oldest make room for the newest, and each keeps its number', () => {
  const lines = createLogLines({ lines: 3, characters: 100 });
  lines.append([line('a'), line('b')]);
  lines.append([line('c'), line('d')]);
  expect(held(lines)).toEqual(['bcd', 1, 1]);
  lines.append('efghi'.split('').map(line));
  expect(held(lines)).toEqual(['ghi', 6, 6]);
});

test('a few huge lines are as much as many small ones', () => {
  const lines = createLogLines({ lines: 100, characters: 6 });
  lines.append([line('aaa'), line('bbb'), line('ccc')]);
  expect(held(lines)).toEqual(['bbbccc', 1, 1]);
  // One that is too large alone is shown all the same.
  lines.append([line('ddddddddd')]);
  expect(held(lines)[0]).toBe('ddddddddd');
});

test('older lines come before the first, those nearest to it where not all fit', () => {
  const lines = createLogLines({ lines: 4, characters: 100 });
  lines.append([line('d'), line('e')]);
  expect(lines.prepend([line('a'), line('b'), line('c')])).toBe(2);
  expect(held(lines)).toEqual(['bcde', -2, 0]);
  expect(lines.isFull(0)).toBe(true);
});

test('arrival is the order of the numbers in a cursor, not of its letters', () => {
  expect(['1.z', '1.10', '2.0', '1.2', 'z.1', '10.1'].sort(compareCursors)).toEqual([
    '1.2',
    '1.z',
    '1.10',
    '2.0',
    'z.1',
    '10.1',
  ]);
  const cursors = ['1.10', '1.2', '1.z'].map((cursor) => ({ ...line('x'), cursor }));
  expect(endsOf(cursors)).toEqual({ oldest: '1.2', newest: '1.10' });
  expect(endsOf([line('x')])).toEqual({});
});

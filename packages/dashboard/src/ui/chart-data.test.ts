import { expect, test } from 'vitest';
import { colorAt, drawnPlace, drawnValues, placeAfter, timeRange, valueRange } from './chart-data';

const a = { name: 'a', values: [1, 2, null, 4] };
const b = { name: 'b', values: [10, null, null, 40] };

test('unstacked values are drawn as they are', () => {
  expect(drawnValues([a, b], false)).toEqual([a.values, b.values]);
});

test('stacked ones stand on those before, the highest first; a gap of all stays a gap', () => {
  expect(drawnValues([a, b], true)).toEqual([
    [11, 2, null, 44],
    [1, 2, null, 4],
  ]);
  expect(drawnPlace(0, 2, true)).toBe(1);
  expect(drawnPlace(0, 2, false)).toBe(0);
});

test('bars get room at both ends, lines reach them, and a single time is not at the edge', () => {
  expect(timeRange([0, 10, 20], true, 100)).toEqual([-5, 25]);
  expect(timeRange([0, 10, 20], false, 100)).toEqual([0, 20]);
  expect(timeRange([40], false, 100)).toEqual([-10, 90]);
});

test('the axis of values starts at nothing, and has a height also where all is nothing', () => {
  expect(valueRange(80, 100)).toEqual([0, 105]);
  expect(valueRange(0, 0)).toEqual([0, 1]);
  expect(valueRange(null, null)).toEqual([0, 1]);
});

test('arrow keys walk and stop at the ends; Escape lets go; other keys are left to the page', () => {
  expect(placeAfter('ArrowRight', undefined, 3)).toBe(0);
  expect(placeAfter('ArrowLeft', undefined, 3)).toBe(2);
  expect(placeAfter('ArrowRight', 2, 3)).toBe(2);
  expect(placeAfter('ArrowLeft', 0, 3)).toBe(0);
  expect(placeAfter('End', 0, 3)).toBe(2);
  expect(placeAfter('Escape', 1, 3)).toBeNull();
  expect(placeAfter('Tab', 1, 3)).toBeUndefined();
});

test('the palette begins anew after its last colour, and a chosen colour wins', () => {
  expect(colorAt(a, 6)).toBe(colorAt(a, 0));
  expect(colorAt({ ...a, color: 'var(--bad)' }, 0)).toBe('var(--bad)');
});

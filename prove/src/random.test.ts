import { expect, test } from 'vitest';
import { createRandom } from './random.js';

const draws = (seed: string) => {
  const random = createRandom(seed);
  return Array.from({ length: 20 }, () => random.whole(0, 1_000_000));
};

test('the same seed draws the same, another one does not', () => {
  expect(draws('7')).toEqual(draws('7'));
  expect(draws('7')).not.toEqual(draws('8'));
});

test('what is drawn from one stream changes nothing in another', () => {
  const [quiet, busy] = [createRandom('7'), createRandom('7')];
  for (let count = 0; count < 5; count++) busy.between(0, 1);
  expect(busy.stream('faults').between(0, 1)).toBe(quiet.stream('faults').between(0, 1));
});

test('draws keep to their bounds and weights', () => {
  const random = createRandom('weights');
  const choices = [
    { name: 'often', weight: 9 },
    { name: 'seldom', weight: 1 },
    { name: 'never', weight: 0 },
  ];
  const drawn = Array.from({ length: 2_000 }, () => random.weighted(choices).name);
  const often = drawn.filter((name) => name === 'often').length;
  expect(often).toBeGreaterThan(1_700);
  expect(often).toBeLessThan(1_900);
  expect(drawn).not.toContain('never');
  const numbers = Array.from({ length: 2_000 }, () => random.whole(1, 3));
  expect([...new Set(numbers)].sort()).toEqual([1, 2, 3]);
});

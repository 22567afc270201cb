import { expect, test } from 'vitest';
import { readArguments } from './arguments.js';
import { conclude } from './conclusion.js';

const options = readArguments(['--seed', '7', '--minutes', '2', '--only', 'disk full', '--only', 'link']);
const again =
  "Again: npm run prove -- --seed 7 --minutes 2 --driver process --database sqlite --only 'disk full' --only 'link'";
const breach = { rule: 'E6', what: 'a pool' } as const;

test.each([
  [0, 0, 'No breach of E1 to E9. Seed 7.'],
  [2, 0, `2 breaches. ${again}`],
  [0, 1, `No breach of E1 to E9, 1 not tried, see above. ${again}`],
  [1, 2, `1 breaches, 2 not tried, see above. ${again}`],
])('%i breaches and %i not tried', (found, left, line) => {
  const result = { breaches: Array(found).fill(breach), untried: Array(left).fill('a failpoint') };
  expect(conclude(result, options)).toBe(line);
});

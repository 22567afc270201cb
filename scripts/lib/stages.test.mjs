import { expect, test } from 'vitest';
import { chooseStages } from './stages.mjs';

test.each([
  [
    [],
    [
      'lint',
      'dashboard types',
      'generated pages',
      'unit and contract',
      'end to end',
      'what must hold',
      'proof on local processes',
      'proof on containers',
    ],
    [],
  ],
  [['lint'], ['lint', 'dashboard types', 'generated pages'], []],
  [['unit'], ['unit and contract'], []],
  [['e2e'], ['end to end'], []],
  [['prove'], ['what must hold', 'proof on local processes', 'proof on containers'], []],
  [['packages/cli'], ['unit and contract'], ['packages/cli']],
  [['e2e/src/tour'], ['end to end'], ['e2e/src/tour']],
  [['prove/src/must-hold/disk'], ['what must hold'], ['prove/src/must-hold/disk']],
  [['prove/src/checker'], ['unit and contract'], ['prove/src/checker']],
  [['e2e', 'tour'], ['end to end'], ['tour']],
])('npm test -- %j', (args, names, filters) => {
  const chosen = chooseStages(args);
  expect(chosen.stages.map(({ name }) => name)).toEqual(names);
  expect(chosen.filters).toEqual(filters);
});

test('a filter beside a group that takes none is refused', () => {
  expect(() => chooseStages(['lint', 'e2e/src/tour'])).toThrow("'lint' takes no filter");
});

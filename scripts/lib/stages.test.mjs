import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseStages, PROVE_VARIABLE } from './stages.mjs';

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

test('a proof leaves its evidence in the checkout, out of the folder that goes with the tests', async () => {
  const root = mkdtempSync(join(tmpdir(), 'stages-'));
  try {
    mkdirSync(join(root, 'prove/dist'), { recursive: true });
    const program = 'console.log(process.argv[process.argv.indexOf("--evidence") + 1]); process.exitCode = 1;';
    writeFileSync(join(root, 'prove/dist/main.js'), program);
    const [, stage] = chooseStages(['prove']).stages;
    const { failed, output } = await stage.run({ root, env: { ...process.env, [PROVE_VARIABLE]: '1' } });
    expect({ failed, output }).toEqual({ failed: 1, output: `${join(root, 'test-results/prove')}\n` });
  } finally {
    rmSync(root, { recursive: true });
  }
});

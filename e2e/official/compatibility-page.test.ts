import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inRoot } from '../src/support/paths.js';
import { compareSection } from './compatibility-page.js';

const page = readFileSync(inRoot('docs/compatibility.md'), 'utf8');
const rows = page.match(/^\|.*\|$/gm) ?? [];

test('docs/compatibility.md says of everything what came of it', () => {
  expect(rows.length).toBeGreaterThan(150);
  expect(rows.filter((row) => /not tried|\|\s*\|/i.test(row))).toEqual([]);
});

test.skipIf(process.env.PIPECAT_CLOUD_TEST_WRITE_COMPATIBILITY === '1')(
  'a table that differs from the page fails',
  () => {
    const columns = ['call', 'client'];
    const compare = (cell: string) => () => compareSection('python-sdk', { columns, rows: [['start', cell]] });
    expect(compare('pass')).toThrow('docs/compatibility.md, section python-sdk');
    expect(compare(' ')).toThrow("python-sdk, start: nothing is known about 'client'");
    expect(compare('not tried')).toThrow("python-sdk, start: nothing is known about 'client'");
  },
);

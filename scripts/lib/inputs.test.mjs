import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStamp, fingerprint } from './inputs.mjs';

let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipecat-cloud-inputs-'));
  mkdirSync(join(root, 'src/deep'), { recursive: true });
  writeFileSync(join(root, 'src/deep/a.ts'), 'a');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const changes = {
  'a changed file': () => writeFileSync(join(root, 'src/deep/a.ts'), 'longer'),
  'a file of the same size, written later': () => utimesSync(join(root, 'src/deep/a.ts'), 2_000_000_000, 2_000_000_000),
  'a new file': () => writeFileSync(join(root, 'src/b.ts'), ''),
  'a removed file': () => rmSync(join(root, 'src/deep/a.ts')),
  'a file that was absent': () => writeFileSync(join(root, 'config.json'), ''),
};

test.each(Object.entries(changes))('%s changes the fingerprint', (_name, change) => {
  const before = fingerprint(root, ['src', 'config.json']);
  expect(fingerprint(root, ['src', 'config.json'])).toBe(before);
  change();
  expect(fingerprint(root, ['src', 'config.json'])).not.toBe(before);
});

test('what a build writes does not change it', () => {
  const before = fingerprint(root, ['src']);
  mkdirSync(join(root, 'src/dist'));
  writeFileSync(join(root, 'src/dist/a.js'), '');
  expect(fingerprint(root, ['src'])).toBe(before);
});

test('a stamp matches only the value that was written last', () => {
  const stamp = createStamp(join(root, 'cache/step'));
  expect(stamp.matches('one')).toBe(false);
  stamp.write('one');
  expect(stamp.matches('one')).toBe(true);
  stamp.write('two');
  expect(stamp.matches('one')).toBe(false);
});

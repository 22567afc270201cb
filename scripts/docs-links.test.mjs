import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './lib/main.mjs';

const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const filePattern = /`((?:packages|e2e|scripts|docs|bench)\/[^`\s]+)`/;
/** A file, and the quoted names of tests that follow it until the next file or cell. */
const mentions = [...page.matchAll(new RegExp(`${filePattern.source}([^\`|\\n]*)`, 'g'))].map(([, file, rest]) => ({
  file,
  names: [...rest.matchAll(/"([^"]+)"/g)].map(([, name]) => name),
}));

test('docs/security.md names many files and tests', () => {
  expect(mentions.length).toBeGreaterThan(80);
  expect(mentions.flatMap(({ names }) => names).length).toBeGreaterThan(80);
});

test('each file that docs/security.md names is there', () => {
  expect(mentions.map(({ file }) => file).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('each test that docs/security.md names is in its file', () => {
  const missing = mentions
    .filter(({ file }) => existsSync(join(root, file)))
    .flatMap(({ file, names }) => {
      const text = readFileSync(join(root, file), 'utf8');
      return names.filter((name) => !text.includes(name)).map((name) => `${file}: ${name}`);
    });
  expect(missing).toEqual([]);
});

test('each test file that docs/security.md names has its test named', () => {
  const bare = mentions.filter(({ file, names }) => /\.test\.\w+$/.test(file) && names.length === 0);
  expect(bare.map(({ file }) => file)).toEqual([]);
});

test('each link between pages leads to a file', () => {
  const pages = ['.', 'docs', 'docs/decisions', 'docs/scanning', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  );
  const dead = pages.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(pages.length).toBeGreaterThan(40);
  expect(dead).toEqual([]);
});

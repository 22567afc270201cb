import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failpoint, failpoints } from './failpoint.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

test('each stands at exactly one place of the product', () => {
  const sources = ['server', 'worker'].flatMap((name) => sourcesBelow(join(root, 'packages', name, 'src')));
  const used = sources.flatMap((text) => [...text.matchAll(/\bfailpoint\('([^']+)'\)/g)].map(([, name]) => name));
  expect(used.sort()).toEqual([...failpoints].sort());
});

test('the guide names the same ones', () => {
  const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8');
  const named = [...page.matchAll(/^\| `([a-z]+\.[a-z]+)` +\|/gm)].map(([, name]) => name);
  expect(named).toEqual([...failpoints]);
});

test('nothing happens where no folder is named', () => {
  for (const name of failpoints) expect(failpoint(name)).toBeUndefined();
});

describe('with a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'failpoints-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Passes a failpoint twice in a process of its own. */
  function pass(order: string | undefined) {
    if (order !== undefined) writeFileSync(join(folder, 'claim.taken'), order);
    const module = JSON.stringify(new URL('./failpoint.ts', import.meta.url).href);
    const script = `
      import { failpoint } from ${module};
      for (const _ of 'ab') {
        const began = performance.now();
        await failpoint('claim.taken');
        console.log(performance.now() - began > 40 ? 'late' : 'passed');
      }`;
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, PIPECAT_CLOUD_FAILPOINTS: folder },
    });
    return { status, signal, stderr, lines: stdout.trim().split('\n'), left: existsSync(join(folder, 'claim.taken')) };
  }

  test('without a file all pass', () => {
    expect(pass(undefined)).toMatchObject({ status: 0, lines: ['passed', 'passed'] });
  });
  test('a process ends itself as a crash would, and the next one does not', () => {
    expect(pass('kill')).toMatchObject({ signal: 'SIGKILL', left: false });
    expect(pass(undefined)).toMatchObject({ status: 0 });
  });
  test('an error, once', () => {
    const { status, stderr, left } = pass('error');
    expect({ status, left }).toEqual({ status: 1, left: false });
    expect(stderr).toContain('was told to fail');
  });
  test('a delay, once', () => {
    expect(pass('delay 50\n')).toMatchObject({ status: 0, lines: ['late', 'passed'], left: false });
  });
});

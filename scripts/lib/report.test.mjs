import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readVitestReport, sum } from './report.mjs';

let root;
let file;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipecat-cloud-report-'));
  file = join(root, 'report.json');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const suite = (name, status, tests, message = '') => ({
  name: join(root, name),
  status,
  message,
  assertionResults: tests.map(([fullName, state]) => ({ fullName, status: state })),
});

function read(code, ...testResults) {
  writeFileSync(file, JSON.stringify({ testResults }));
  return readVitestReport(file, { root, code });
}

describe('the report of vitest', () => {
  test('counts and names', () => {
    const tests = [
      ['adds', 'passed'],
      ['divides', 'failed'],
      ['on Postgres', 'skipped'],
      ['later', 'todo'],
    ];
    expect(read(1, suite('a.test.ts', 'failed', tests), suite('b.test.ts', 'passed', [['b', 'passed']]))).toEqual({
      passed: 2,
      failed: 1,
      skipped: 2,
      failures: ['a.test.ts > divides'],
      skippedFiles: [{ file: 'a.test.ts', count: 2 }],
    });
  });

  test('a file that cannot be loaded is a failure', () => {
    const result = read(1, suite('a.test.ts', 'failed', [], 'Cannot find module\n  at …'));
    expect(result).toMatchObject({ passed: 0, failed: 1, failures: ['a.test.ts: Cannot find module'] });
  });

  test('a run that fails outside of the tests is a failure', () => {
    expect(read(1, suite('a.test.ts', 'passed', [['a', 'passed']]))).toMatchObject({ passed: 1, failed: 1 });
  });

  test('a filter that matches nothing is a failure that says so', () => {
    expect(read(1)).toMatchObject({ failed: 1, failures: ['no test file matches'] });
  });

  test('no report at all is a failure', () => {
    expect(readVitestReport(file, { root, code: 0 }).failed).toBe(1);
  });
});

test('sums', () => {
  const results = [
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  ];
  expect(sum(results)).toEqual({ passed: 11, failed: 22, skipped: 33 });
});

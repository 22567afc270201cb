import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { conclude, sideBySide } from './test-run.mjs';

let said;

beforeEach(() => {
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
});

afterEach(() => vi.restoreAllMocks());

const result = { passed: 3, failed: 0, skipped: 1, skippedFiles: [{ file: 'a.test.ts', count: 1 }] };
const skipped = [{ name: 'chromium', reason: 'not on this machine' }];

function end({ results = [result], env = {}, signal = new AbortController().signal, ...rest } = {}) {
  const code = conclude({ results, skipped, env, signal, ...rest });
  vi.restoreAllMocks();
  return { code, lines: said.trim().split('\n') };
}

test('what is skipped is named and counted, the counts come last', () => {
  const { code, lines } = end();
  expect(code).toBe(0);
  expect(lines).toEqual([
    'skipped in a.test.ts: 1 test',
    'skipped suite chromium: not on this machine',
    '3 passed, 0 failed, 2 skipped',
  ]);
});

test('in CI a suite that cannot be run is a failure', () => {
  const { code, lines } = end({ env: { CI: 'true' } });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('3 passed, 1 failed, 1 skipped');
});

test('one failure is enough for exit code 1', () => {
  const { code, lines } = end({ results: [result, { ...result, failed: 2 }], skipped: [] });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('6 passed, 2 failed, 2 skipped');
});

test('a run that was stopped claims no counts', () => {
  const { code, lines } = end({ signal: AbortSignal.abort() });
  expect(code).toBe(130);
  expect(lines).toEqual(['Stopped before the end.']);
});

test('neighbours of the same kind run side by side, all others one after the other', () => {
  const [a, b, c, d] = [
    { name: 'a' },
    { name: 'b', beside: 'x' },
    { name: 'c', beside: 'x' },
    { name: 'd', beside: 'y' },
  ];
  expect(sideBySide([a, b, c, d])).toEqual([[a], [b, c], [d]]);
});

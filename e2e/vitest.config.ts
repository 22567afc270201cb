import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { slowestFirst } from '../scripts/testing/slowest-first.mjs';

const slow = [
  'command-line',
  'dashboard-pages',
  'ci-official',
  'ci',
  'dashboard-agents',
  'browser-clients',
  'fuzz',
  'tour',
  'start',
  'survival',
  'rollout',
  'action',
  'dashboard-usage',
  'dashboard-sessions',
  'session-helper',
  'sign-in',
  'tokens-tour',
];

export default defineConfig({
  // The repository, so that reports and filters name files as everything else does.
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/src/**/*.test.ts', 'e2e/official/**/*.test.ts'],
    pool: 'threads',
    // Each suite runs a whole installation, which waits a part of its time: three keep two processors busy.
    maxWorkers: 3,
    sequence: { sequencer: slowestFirst(slow) },
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});

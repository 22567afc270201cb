import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/src/**/*.test.tsx',
      'scripts/**/*.test.mjs',
      'bench/src/**/*.test.ts',
    ],
    globalSetup: ['packages/server/src/testing/templates.ts'],
    pool: 'threads',
    // Many tests wait for processes and databases: one worker for each processor, where Vitest leaves one free.
    maxWorkers: '100%',
    // Tests that start processes and databases need longer than a unit test on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

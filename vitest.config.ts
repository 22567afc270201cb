import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/src/**/*.test.tsx',
      'scripts/**/*.test.mjs',
      'bench/src/**/*.test.ts',
    ],
    pool: 'threads',
    // Tests that start processes and databases need longer than a unit test on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

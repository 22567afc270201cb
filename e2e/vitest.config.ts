import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The repository, so that reports and filters name files as everything else does.
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/src/**/*.test.ts', 'e2e/official/**/*.test.ts', 'prove/src/must-hold/*.test.ts'],
    pool: 'threads',
    // Each suite runs a whole installation; one after the other, as one person would.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});

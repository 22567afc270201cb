import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The repository, so that reports and filters name files as everything else does.
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['prove/src/must-hold/*.test.ts'],
    pool: 'threads',
    // Beside the proof: each waits, for what is locked, hangs or talks, nearly all of its time.
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});

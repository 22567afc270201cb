import { availableParallelism } from 'node:os';
import { defaultExclude, defineConfig } from 'vitest/config';
import { slowestFirst } from './scripts/testing/slowest-first.mjs';

/** They put something else in a module's place, which the other files of their worker would find there too. */
const replacingModules = ['packages/cli/src/follow-logs.test.ts', 'packages/server/src/oauth/oauth-lazy.test.ts'];

/** Most of them are small and wait for processes, so that they would come last. */
const slow = [
  'deployments/rollout',
  'agent/src/contract',
  'docker/docker-driver.contract',
  'daily/daily',
  'process/python',
  'images/image-builder',
  'tokens/token-properties',
  'docker/docker-driver',
  'process/unpack',
  'pool/quarantine',
  'pool/crash-loop',
];

export default defineConfig({
  test: {
    globalSetup: ['packages/server/src/testing/templates.ts'],
    pool: 'threads',
    sequence: { sequencer: slowestFirst(slow) },
    // Many tests wait for processes and timers.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Tests that start processes and databases need longer than a unit test on a busy machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    setupFiles: ['scripts/testing/patience.mjs', 'scripts/testing/fixed-seed.mjs'],
    expect: { poll: { timeout: 60_000 } },
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/src/**/*.test.tsx',
            'scripts/**/*.test.mjs',
            'bench/src/**/*.test.ts',
            'prove/src/**/*.test.ts',
          ],
          exclude: [...defaultExclude, ...replacingModules, 'prove/src/must-hold/*.test.ts'],
          // Loading the control plane again for every file takes a quarter of the whole.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: replacingModules } },
    ],
  },
});

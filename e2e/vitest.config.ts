import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first, or the last of them would run alone at the end. */
const slow = [
  'command-line',
  'ci-official',
  'browser-clients',
  'dashboard-pages',
  'ci',
  'survival',
  'dashboard-agents',
  'fuzz',
  'tour',
  'start',
  'rollout',
  'action',
  'tokens-tour',
];

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = slow.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place === -1 ? slow.length : place;
    };
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

export default defineConfig({
  // The repository, so that reports and filters name files as everything else does.
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/src/**/*.test.ts', 'e2e/official/**/*.test.ts'],
    pool: 'threads',
    // Each suite runs a whole installation, which waits a part of its time: three keep two processors busy.
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { Refusal } from './output.mjs';
import { oneCheck, readVitestReport } from './report.mjs';
import { run } from './run.mjs';

// Each stage resolves to its counts and, for a failure, the whole output of what ran.

/** Compiling is the type check of everything but the dashboard. */
async function buildStage({ root, signal }) {
  try {
    await build({ root, signal });
    return oneCheck(0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...oneCheck(1), output: error.message };
  }
}

/** A program of `node_modules` that answers by its exit code. */
function tool(script, argumentsFor) {
  return async ({ root, env, signal, color }) => {
    const args = [join(root, script), ...argumentsFor(color)];
    const { code, output } = await run(process.execPath, args, { cwd: root, env, signal });
    return { ...oneCheck(code), output };
  };
}

function vitest(...options) {
  return async ({ root, env, filters, signal, color }) => {
    const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-report-'));
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    // By argument and not by variable: the programs under test would inherit a variable.
    const shown = [...reporters, color ? '--color' : '--no-color'];
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...options, ...shown, ...filters];
    try {
      const { code, output } = await run(process.execPath, args, { cwd: root, env, signal });
      return { ...readVitestReport(report, { root, code }), output };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const BUILD = { name: 'build and types', run: buildStage };

/** What `npm test` runs, in this order. `group` is what may be asked for by name: `npm test -- unit`. */
const STAGES = [
  {
    name: 'lint',
    group: 'lint',
    run: tool('node_modules/@biomejs/biome/bin/biome', (color) => [
      'ci',
      '--error-on-warnings',
      `--colors=${color ? 'force' : 'off'}`,
    ]),
  },
  {
    name: 'dashboard types',
    group: 'lint',
    run: tool('node_modules/typescript/bin/tsc', () => ['--noEmit', '-p', 'packages/dashboard']),
  },
  { name: 'generated pages', group: 'lint', run: tool('scripts/docs.mjs', () => ['--check']) },
  { name: 'unit and contract', group: 'unit', filtered: true, needsResources: true, run: vitest() },
  {
    name: 'end to end',
    group: 'e2e',
    filtered: true,
    needsResources: true,
    run: vitest('--config', 'e2e/vitest.config.ts'),
  },
];

const GROUPS = new Set(STAGES.map(({ group }) => group));

/**
 * Which stages the arguments of `npm test` ask for: names of groups (lint, unit, e2e), and anything else is a filter
 * for vitest, which goes to the end-to-end tests where it begins with `e2e` and to the others where not.
 */
export function chooseStages(args) {
  const groups = args.filter((arg) => GROUPS.has(arg));
  const filters = args.filter((arg) => !GROUPS.has(arg));
  if (groups.length === 0 && filters.length > 0) groups.push(filters[0].startsWith('e2e') ? 'e2e' : 'unit');
  const wanted = STAGES.filter(({ group }) => groups.length === 0 || groups.includes(group));
  return {
    build: BUILD,
    stages: filters.length === 0 ? wanted : wanted.filter(({ filtered }) => filtered),
    filters,
  };
}

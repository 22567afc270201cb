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

/** Minutes of load and faults on each driver; 0 leaves it out. */
const PROVE_MINUTES = { process: 5, docker: 1 };
export const PROVE_VARIABLE = 'PIPECAT_CLOUD_TEST_PROVE_MINUTES';

/**
 * The product under load and faults, judged from outside. A number in the variable counts for every driver. The folder of a run goes with
 * the tests' own, what a person needs of one that failed does not.
 */
function prove(driver) {
  return async ({ root, env, signal }) => {
    const minutes = env[PROVE_VARIABLE] === undefined ? PROVE_MINUTES[driver] : Number(env[PROVE_VARIABLE]);
    const possible = driver !== 'docker' || env.PIPECAT_CLOUD_TEST_ENGINE;
    if (minutes === 0 || !possible) return { ...oneCheck(0), passed: 0, skipped: 1 };
    const options = ['--driver', driver, '--minutes', String(minutes), '--evidence', join(root, 'test-results/prove')];
    const args = [join(root, 'prove/dist/main.js'), ...options];
    const { code, output } = await run(process.execPath, args, { cwd: root, env, signal });
    return { ...oneCheck(code), output };
  };
}

const BUILD = { name: 'build and types', run: buildStage };

/** What `npm test` runs, in this order, neighbours with the same `beside` at once. `group` may be asked for: `npm test -- unit`. */
const STAGES = [
  {
    name: 'lint',
    group: 'lint',
    beside: 'lint',
    run: tool('node_modules/@biomejs/biome/bin/biome', (color) => [
      'ci',
      '--error-on-warnings',
      `--colors=${color ? 'force' : 'off'}`,
    ]),
  },
  {
    name: 'dashboard types',
    group: 'lint',
    beside: 'lint',
    run: tool('node_modules/typescript/bin/tsc', () => ['--noEmit', '-p', 'packages/dashboard']),
  },
  { name: 'generated pages', group: 'lint', beside: 'lint', run: tool('scripts/docs.mjs', () => ['--check']) },
  { name: 'unit and contract', group: 'unit', filtered: true, needsResources: true, run: vitest() },
  // None of these keeps a processor busy.
  {
    name: 'end to end',
    group: 'e2e',
    beside: 'installations',
    filtered: true,
    needsResources: true,
    run: vitest('--config', 'e2e/vitest.config.ts'),
  },
  {
    name: 'what must hold',
    group: 'prove',
    filtered: true,
    needsResources: true,
    beside: 'installations',
    run: vitest('--config', 'prove/vitest.config.ts'),
  },
  {
    name: 'proof on local processes',
    group: 'prove',
    needsResources: true,
    beside: 'installations',
    run: prove('process'),
  },
  { name: 'proof on containers', group: 'prove', needsResources: true, beside: 'installations', run: prove('docker') },
];

/** Whose tests a filter names. */
const FILTERED = { e2e: /^e2e/, prove: /^prove\/src\/must-hold/, unit: /^/ };

const GROUPS = new Set(STAGES.map(({ group }) => group));

/**
 * Which stages the arguments of `npm test` ask for: names of groups (lint, unit, e2e, prove), and anything else is a
 * filter for vitest, which goes to the tests that it names by their place, and to the unit tests otherwise. Throws a Refusal
 * for a filter beside a group that has no use for it: it would look run.
 */
export function chooseStages(args) {
  const groups = args.filter((arg) => GROUPS.has(arg));
  const filters = args.filter((arg) => !GROUPS.has(arg));
  if (groups.length === 0 && filters.length > 0) {
    groups.push(Object.keys(FILTERED).find((group) => FILTERED[group].test(filters[0])));
  }
  const whole = filters.length > 0 && groups.find((group) => !(group in FILTERED));
  if (whole)
    throw new Refusal(`'${whole}' takes no filter, so '${filters[0]}' would not be run. Ask for each by itself.`);
  const wanted = STAGES.filter(({ group }) => groups.length === 0 || groups.includes(group));
  return {
    build: BUILD,
    stages: filters.length === 0 ? wanted : wanted.filter(({ filtered }) => filtered),
    filters,
  };
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createStamp, fingerprint } from './inputs.mjs';
import { Refusal } from './output.mjs';
import { run } from './run.mjs';

const CONFIG = ['package-lock.json', 'tsconfig.json', 'tsconfig.base.json'];
const TSC = 'node_modules/typescript/bin/tsc';

function packageInputs(name) {
  return ['src', 'package.json', 'tsconfig.json'].map((path) => `packages/${name}/${path}`);
}

const RUNNING = ['contract', 'agent', 'server', 'worker', 'cli'];

/** What `npm start` runs. Benchmarks and end-to-end tests are left out: a slip in them must not stop the product. */
const PRODUCT = {
  name: 'product',
  args: [TSC, '-b', 'packages/agent', 'packages/server', 'packages/worker', 'packages/cli'],
  inputs: [...CONFIG, ...RUNNING.flatMap(packageInputs)],
  outputs: ['packages/server/dist/main.js', 'packages/worker/dist/main.js'],
};

const EVERYTHING = {
  name: 'everything',
  args: [TSC, '-b'],
  inputs: [...PRODUCT.inputs, 'e2e', 'bench', 'prove'],
  outputs: PRODUCT.outputs,
};

const COMMAND_LINE = {
  name: 'command line',
  args: ['packages/cli/build.mjs'],
  inputs: [...CONFIG, ...packageInputs('cli'), ...packageInputs('contract'), 'packages/cli/build.mjs'],
  outputs: ['packages/cli/dist/bin.js'],
};

const DASHBOARD = {
  name: 'dashboard',
  cwd: 'packages/dashboard',
  args: [join('..', '..', 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
  inputs: ['package-lock.json', 'packages/dashboard', ...packageInputs('contract')],
  outputs: ['packages/dashboard/dist/index.html'],
};

/**
 * Builds what changed since the last success: types and code first, then, side by side, the command line's bundle and
 * the dashboard's pages. `scope` is 'product' (what `npm start` runs) or 'everything'. Says nothing when all is
 * current. Throws a Refusal that carries the output of the steps that failed.
 */
export async function build({ root, scope = 'everything', onStep = () => {}, signal }) {
  const step = (definition) => runStep({ root, onStep, signal }, definition);
  await step(scope === 'product' ? PRODUCT : EVERYTHING);
  const results = await Promise.allSettled([step(COMMAND_LINE), step(DASHBOARD)]);
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason.message);
  if (failures.length > 0) throw new Refusal(failures.join('\n'));
}

async function runStep({ root, onStep, signal }, { name, args, cwd = '.', inputs, outputs }) {
  const stamp = createStamp(join(root, 'node_modules', '.cache', 'pipecat-cloud', `build-${name.replace(' ', '-')}`));
  // Taken before the step runs, so that an edit made meanwhile is built the next time.
  const current = fingerprint(root, inputs);
  if (stamp.matches(current) && outputs.every((path) => existsSync(join(root, path)))) return;
  onStep(name);
  const { code, output } = await run(process.execPath, args, { cwd: join(root, cwd), signal });
  if (signal?.aborted) throw new Refusal('The build was stopped.');
  const missing = outputs.find((path) => !existsSync(join(root, path)));
  if (code !== 0) throw new Refusal(`${output.trim()}\nBuilding the ${name} failed (exit code ${code}).`);
  if (missing) throw new Refusal(`Building the ${name} left no ${missing}.`);
  stamp.write(current);
}

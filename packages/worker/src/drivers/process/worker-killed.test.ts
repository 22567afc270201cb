import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLines, specOf, whenAnswering } from '../../testing/driver-tools.js';
import { agentFiles, createProcessSetup, type ProcessSetup } from '../../testing/process-driver-setup.js';

let setup: ProcessSetup;
let worker: ChildProcess | undefined;
beforeEach(async () => {
  setup = await createProcessSetup();
});
afterEach(async () => {
  worker?.kill('SIGKILL');
  await setup.close();
});

// The sources import one another as .js, as they will be once compiled.
const hooks = `
import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    const own = specifier.startsWith('.') && !context.parentURL?.includes('/node_modules/');
    try {
      return next(own ? specifier.replace(/\\.js$/, '.ts') : specifier, context);
    } catch {
      return next(specifier, context);
    }
  },
});`;

test('an instance outlives a worker that is killed, and goes on in the next', async () => {
  const spec = specOf(await setup.build(agentFiles));
  const { directory, installationId } = setup.options;
  const program = `
import { createProcessDriver } from ${JSON.stringify(join(import.meta.dirname, 'process-driver.ts'))};
const log = { warn() {}, error() {} };
const options = { directory: ${JSON.stringify(directory)}, installationId: '${installationId}', log, environment: process.env };
const driver = await createProcessDriver(options);
await driver.ensure(${JSON.stringify(spec)}, new AbortController().signal);
process.stdout.write('ensured');
setInterval(() => {}, 1000);`;
  const imports = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`];
  const started = spawn(process.execPath, [...imports, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  worker = started;
  const [output] = await once(started.stdout, 'data');
  expect(String(output)).toBe('ensured');
  started.kill('SIGKILL');
  await once(started, 'exit');

  const driver = await setup.restart();
  const address = await whenAnswering(driver, spec.instanceId);
  await fetch(`${address}/print`, { method: 'POST', body: 'still here\n' });
  const lines = await readLines(driver, spec.instanceId, 0, 2);
  expect(lines.map(({ text }) => text)).toEqual(['listening', 'still here']);
  await driver.remove(spec.instanceId, { graceSeconds: 600 });
  await expect(fetch(address)).rejects.toThrow();
});

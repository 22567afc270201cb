import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isInstalled, isNewEnough } from './install.mjs';
import { run } from './lib/run.mjs';

const STEP = { version: '1.0.0', integrity: 'sha512-a' };
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipecat-cloud-install-'));
  lock({ 'node_modules/step': STEP });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const lock = (packages) => write('package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }));
const record = (packages) => write('node_modules/.package-lock.json', JSON.stringify({ packages }));

test.each([
  ['22.14.0', true],
  ['22.13.9', false],
  ['20.20.2', false],
  ['24.0.0', true],
])('Node %s is new enough: %s', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});

describe('whether the dependencies are there', () => {
  test('nothing installed', () => {
    expect(isInstalled(root)).toBe(false);
  });

  test('a complete installation made by hand counts, also after its record is gone', () => {
    record({ 'node_modules/step': STEP });
    expect(isInstalled(root)).toBe(true);
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(isInstalled(root)).toBe(true);
  });

  test('a lockfile that asks for another version', () => {
    record({ 'node_modules/step': STEP });
    expect(isInstalled(root)).toBe(true);
    lock({ 'node_modules/step': { version: '1.0.1', integrity: 'sha512-b' } });
    expect(isInstalled(root)).toBe(false);
  });

  test('a program of the project’s own that is new', () => {
    const own = { 'node_modules/step': STEP, 'packages/cli': { version: '0.1.0', bin: { pipecat: 'bin/pipecat.js' } } };
    lock(own);
    record(own);
    expect(isInstalled(root)).toBe(true);
    lock({ ...own, 'packages/cli': { version: '0.1.0', bin: { pcc: 'bin/pipecat.js', pipecat: 'bin/pipecat.js' } } });
    expect(isInstalled(root)).toBe(false);
  });

  test('a package too few, unless it is optional', () => {
    lock({ 'node_modules/step': STEP, 'node_modules/other': { version: '2.0.0', optional: true } });
    record({ 'node_modules/step': STEP });
    expect(isInstalled(root)).toBe(true);
    lock({ 'node_modules/step': STEP, 'node_modules/other': { version: '2.0.0' } });
    expect(isInstalled(root)).toBe(false);
  });

  test('an installation that broke off leaves no record', () => {
    write('node_modules/step/package.json', '{}');
    expect(isInstalled(root)).toBe(false);
  });
});

describe('installing', () => {
  const script = fileURLToPath(new URL('install.mjs', import.meta.url));

  /** Runs a copy of the script in the made-up checkout, with a program in npm's place. */
  async function install(npm) {
    write('bin/npm', `#!/bin/sh\n${npm}\n`);
    chmodSync(join(root, 'bin/npm'), 0o755);
    write('scripts/install.mjs', readFileSync(script));
    const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: root, NODE_ENV: 'production' };
    return run(process.execPath, [join(root, 'scripts/install.mjs')], { cwd: root, env });
  }

  test('runs npm once, development packages included, and not again', async () => {
    const npm = 'echo "$@" >> calls; mkdir -p node_modules';
    expect((await install(npm)).output).toMatch(/^Installing dependencies .*\nInstalled in \d+ s\.\n$/);
    expect(await install(npm)).toMatchObject({ code: 0, output: '' });
    expect(readFileSync(join(root, 'calls'), 'utf8')).toMatch(/^install --no-save .*--include=dev.*\n$/);
  });

  test('without a network says so and exits 1', async () => {
    const { code, output } = await install('echo "npm error code ENOTFOUND" >&2; exit 1');
    expect(code).toBe(1);
    expect(output).toContain('No network: the package registry could not be reached (ENOTFOUND)');
    expect(existsSync(join(root, 'node_modules'))).toBe(false);
  });

  test('does not wait until npm has tried every package in vain', async () => {
    const attempt = 'npm http fetch GET http://127.0.0.1:9/a attempt 1 failed with ECONNREFUSED';
    const { code, output } = await install(`for i in 1 2 3; do echo "${attempt}" >&2; done; exec sleep 600`);
    expect(code).toBe(1);
    expect(output).toContain('could not be reached (ECONNREFUSED)');
  });

  test('a registry that answers is waited for, however often a request fails', async () => {
    const attempt = 'npm http fetch GET http://127.0.0.1/a attempt 1 failed with ECONNRESET';
    const npm = `echo "npm http fetch GET 200 http://127.0.0.1/b 5ms" >&2
for i in 1 2 3 4; do echo "${attempt}" >&2; done; sleep 0.2; mkdir -p node_modules`;
    expect((await install(npm)).code).toBe(0);
  });

  test('any other failure is shown in npm’s own words', async () => {
    const { code, output } = await install('echo "npm error the lockfile is broken" >&2; exit 1');
    expect(code).toBe(1);
    expect(output).toContain('the lockfile is broken');
  });

  test('a bundled Node that does not run here does not stay in front of the machine’s own', async () => {
    const npm =
      'mkdir -p node_modules/.bin; printf "#!/nowhere\\n" > node_modules/.bin/node; chmod +x node_modules/.bin/node';
    expect((await install(npm)).code).toBe(0);
    expect(existsSync(join(root, 'node_modules/.bin/node'))).toBe(false);
  });
});

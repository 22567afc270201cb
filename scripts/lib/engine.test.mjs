import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEngine } from './engine.mjs';

// Stands in for dockerd: answers at the socket that it is told, or says why it can't.
const standIn = (fails) => `#!${process.execPath}
const args = process.argv.slice(2);
const after = (name) => args[args.indexOf(name) + 1];
if (${fails}) { console.error('failed to start daemon: no cgroups'); process.exit(1); }
require('node:fs').writeFileSync(process.env.STAND_IN_PID, String(process.pid));
require('node:fs').mkdirSync(after('--data-root'));
require('node:http').createServer((_, response) => response.end('OK')).listen(after('--host').replace('unix://', ''));
process.on('SIGTERM', () => process.exit(0));
`;

describe.skipIf(process.getuid?.() !== 0)('an engine of the test run', () => {
  let folder;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'engine-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function standInEnvironment(fails = false) {
    const program = join(folder, 'dockerd');
    writeFileSync(program, standIn(fails));
    chmodSync(program, 0o755);
    return { PATH: folder, STAND_IN_PID: join(folder, 'pid') };
  }
  const options = (env) => ({ env, usualSocket: join(folder, 'nobody.sock') });

  test('is started in a folder of its own, and leaves neither a process nor a file', async () => {
    const env = standInEnvironment();
    const engine = await startEngine(undefined, options(env));
    const socket = engine.url.replace('unix://', '');
    expect(await status(socket)).toBe(200);
    const pid = Number(readFileSync(env.STAND_IN_PID, 'utf8'));
    await engine.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    expect(existsSync(dirname(socket))).toBe(false);
  });

  test('that answers at the usual socket is used and left alone', async () => {
    const first = await startEngine(undefined, options(standInEnvironment()));
    const usualSocket = first.url.replace('unix://', '');
    expect(await startEngine(undefined, { env: { PATH: '' }, usualSocket })).toEqual({ url: first.url });
    await first.stop();
  });

  test('that does not start, or is not there, is a reason', async () => {
    const { reason } = await startEngine(undefined, options(standInEnvironment(true)));
    expect(reason).toContain('no cgroups');
    rmSync(join(folder, 'dockerd'));
    expect((await startEngine(undefined, options({ PATH: folder }))).reason).toContain('install docker.io');
  });
});

function status(socketPath) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

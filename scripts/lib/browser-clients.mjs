import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './programs.mjs';
import { run } from './run.mjs';

const FILES = ['package.json', 'package-lock.json'];

/**
 * The browser clients that others publish, of the versions in `e2e/browser-clients`, installed by npm and kept under
 * node_modules/.cache until those change. Returns `{ folder }` with their `node_modules` in it, or `{ reason }`.
 */
export async function obtainBrowserClients(root, signal) {
  const npm = onPath(['npm']);
  if (!npm) return { reason: 'npm is not on the path' };
  const source = join(root, 'e2e', 'browser-clients');
  const key = createHash('sha256');
  for (const name of FILES) key.update(readFileSync(join(source, name)));

  const cache = join(root, 'node_modules', '.cache', 'pipecat-cloud');
  const folder = join(cache, `browser-clients-${key.digest('hex').slice(0, 16)}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { folder };
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    if (name.startsWith('browser-clients-')) rmSync(join(cache, name), { recursive: true, force: true });
  }
  mkdirSync(folder);
  for (const name of FILES) copyFileSync(join(source, name), join(folder, name));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = await run(npm, args, { cwd: folder, signal });
  if (installed.code !== 0)
    return { reason: `npm could not install the browser clients: ${lastLine(installed.output)}` };
  writeFileSync(complete, '');
  return { folder };
}

function lastLine(output) {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './programs.mjs';
import { run } from './run.mjs';

const GITLEAKS = 'github.com/zricethezav/gitleaks/v8@v8.30.1';
const SOURCES = ['go.mod', 'go.sum', 'main.go'];

/**
 * The secret scanners that our rules are written for, built by Go from their own sources and kept under node_modules/.cache until
 * their versions or Go change: `gitleaks`, and `trufflehog-matcher`, which is TruffleHog's matcher for custom detectors alone (the
 * whole of it takes many minutes to build). About a minute on two cores the first time. Returns `{ folder }`, or `{ reason }`.
 */
export async function obtainScanners(root, signal) {
  const go = onPath(['go']);
  if (!go) return { reason: 'Go is not on the path (install golang)' };
  const source = join(root, 'e2e', 'scanners', 'trufflehog');
  const version = await run(go, ['version'], { signal });
  if (version.code !== 0) return { reason: `go version failed: ${lastLine(version.output)}` };
  const key = createHash('sha256').update(version.output).update(GITLEAKS);
  for (const name of SOURCES) key.update(readFileSync(join(source, name)));

  const cache = join(root, 'node_modules', '.cache', 'pipecat-cloud');
  const folder = join(cache, `scanners-${key.digest('hex').slice(0, 16)}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { folder };
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    if (name.startsWith('scanners-')) rmSync(join(cache, name), { recursive: true, force: true });
  }
  mkdirSync(folder);

  // No C compiler is needed, and no other Go is fetched than the one that is here.
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };
  const gitleaks = await run(go, ['install', GITLEAKS], { cwd: folder, env, signal });
  if (gitleaks.code !== 0) return { reason: `gitleaks could not be built: ${lastLine(gitleaks.output)}` };
  const matcher = join(folder, 'trufflehog-matcher');
  const built = await run(go, ['build', '-mod=readonly', '-o', matcher, '.'], { cwd: source, env, signal });
  if (built.code !== 0) return { reason: `TruffleHog's matcher could not be built: ${lastLine(built.output)}` };
  writeFileSync(complete, '');
  return { folder };
}

const lastLine = (output) => output.trim().split('\n').at(-1) ?? '';

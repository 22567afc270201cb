import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { inRoot, temporaryFolder } from './paths.js';
import { run } from './processes.js';

/** The command line as `npm publish` would send it: the path of its archive. */
export async function packCommandLine(): Promise<string> {
  const folder = temporaryFolder('package');
  const packing = run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: inRoot('packages/cli') });
  expect(await packing.ended, packing.stderr()).toBe(0);
  return join(folder, packing.stdout().trim());
}

/** A registry of packages with our command line and nothing else: the real one does not have it yet. */
export async function startNpmRegistry() {
  const archive = readFileSync(await packCommandLine());
  const { name, version, bin, engines } = JSON.parse(readFileSync(inRoot('packages/cli/package.json'), 'utf8'));
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    if (path === '/archive.tgz') response.end(archive);
    else if (path === `/${name}`) {
      const dist = { integrity, tarball: `${url}/archive.tgz` };
      const versions = { [version]: { name, version, bin, engines, dist } };
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
    } else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}

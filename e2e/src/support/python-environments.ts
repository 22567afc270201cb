import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { completeFile, environmentName, pythonVersion } from '@pipecat-cloud/worker/drivers/process/python';
import { readDatabase } from './database.js';
import { resources } from './environment.js';
import { inRoot } from './paths.js';

const text = (path: string) => readFileSync(inRoot(path), 'utf8');
// As the worker looks for it. Where there is none that is new enough, the worker says so.
const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
const found = pythonVersion({ PATH: path }).catch(() => undefined);

/**
 * Lays the environments that `npm test` has made where a worker finds them, as one that has built such an agent of each organization
 * before: to make one takes a minute of a processor. Those of another Python than the worker's are left out, and it makes its own.
 */
export async function layPythonEnvironments(
  dataDir: string,
  organizationIds = organizationsOf(dataDir),
): Promise<void> {
  const environments = [
    { python: resources.python, own: '' },
    { python: resources.pipecat, own: text('examples/pipecat-echo/requirements.txt') },
  ];
  const version = await found;
  for (const { python, own } of environments) {
    if (!python || !version) continue;
    const made = dirname(dirname(python));
    if (!isOf(version, readFileSync(join(made, 'pyvenv.cfg'), 'utf8'))) continue;
    const base = text('packages/agent/python/requirements.txt');
    for (const organizationId of organizationIds) {
      const name = environmentName({ version, base, own, contextSha256: '', organizationId, secrets: '' });
      const folder = join(dataDir, 'worker/venvs', name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      cpSync(join(made, 'pyvenv.cfg'), join(folder, 'pyvenv.cfg'));
      for (const part of ['bin', 'lib']) symlinkSync(join(made, part), join(folder, part));
      writeFileSync(join(folder, completeFile), '');
    }
  }
}

/** Those of the embedded database; none where the installation has another. */
function organizationsOf(dataDir: string): string[] {
  if (!existsSync(join(dataDir, 'pipecat-cloud.db'))) return [];
  return readDatabase(dataDir, 'select id from organization').map(({ id }) => String(id));
}

/** Whether what a virtual environment says of itself is of the Python with this version (`3 11 7 …`). */
function isOf(version: string, configuration: string): boolean {
  const [, own] = /^version *= *([\d.]+)/m.exec(configuration) ?? [];
  return own === version.split(' ').slice(0, 3).join('.');
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '@pipecat-cloud/worker/engine/engine';

/** What the engine lists at this path (`/containers/json`, `/networks`) of the installation with that data folder. */
export async function listOfInstallation<T>(engine: Engine, dataDir: string, path: string): Promise<T[]> {
  const { installationId } = JSON.parse(readFileSync(join(dataDir, 'worker/installation.json'), 'utf8')) as {
    installationId: string;
  };
  const filters = { label: [`pipecat-cloud.installation=${installationId}`] };
  return await engine.request('GET', path, { query: { all: true, filters } });
}

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BuildResult } from '../drivers/builder.js';
import type { Driver } from '../drivers/driver.js';
import { type Rig, type RigOptions, startRig } from '../test-rig/rig.js';

export const context = Buffer.from('a context');
export const contextSha256 = createHash('sha256').update(context).digest('hex');

/** A worker whose control plane has the context of the build `b-1`. */
export async function startBuildRig(options?: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  await rig.ready();
  rig.control.contexts.set('b-1', (res) => void Readable.from([context]).pipe(res));
  return rig;
}

/** A worker whose builds do this. */
export const building = (build: (...of: Parameters<Driver['build']>) => Promise<unknown>): RigOptions => ({
  wrapDriver: (driver) => ({ ...driver, build: async (...of) => ((await build(...of)) ?? {}) as BuildResult }),
});

export const orderBuild = (rig: Rig, buildId = 'b-1', change = {}) =>
  rig.control.command({
    do: 'build',
    order: {
      buildId,
      organizationId: 'org-1',
      contextSha256,
      dockerfilePath: 'Dockerfile',
      timeoutSeconds: 60,
      ...change,
    },
  });

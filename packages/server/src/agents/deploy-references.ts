import type { DeployBody } from '@pipecat-cloud/contract/agents';
import type { BuildService } from '../builds/build-service.js';
import type { Store } from '../db/store.js';
import { badRequest } from '../errors.js';
import type { Regions } from '../regions/regions.js';
import type { SecretReferences } from '../secrets/secret-references.js';
import type { SecretService } from '../secrets/secret-service.js';
import { findSetFor } from '../secrets/set-check.js';

interface ReferenceDeps {
  store: Store;
  builds: Pick<BuildService, 'findUsable'>;
  regions: Regions;
  secrets: Pick<SecretService, 'readiness'>;
  references: Pick<SecretReferences, 'checkStillThere'>;
}

/** Everything that a deploy refers to must be there, and in its region, before anything changes (contract §6.2, §7.2 and §13.3). */
export function createReferenceCheck({ store, builds, regions, secrets, references }: ReferenceDeps) {
  return async (organizationId: string, region: string, body: DeployBody): Promise<void> => {
    for (const [name, type] of [
      [body.secretSet, 'secret'],
      [body.imagePullSecretSet, 'imagePullSecret'],
    ] as const) {
      if (name === undefined) continue;
      const set = await findSetFor({ store, secrets }, organizationId, { name, type, region, user: 'the agent' });
      if (set.source === 'referenced') await references.checkStillThere(organizationId, set);
    }
    if (body.buildId !== undefined) {
      const build = await builds.findUsable(organizationId, body.buildId);
      if (build.region !== region) {
        throw badRequest(`Build '${body.buildId}' is in region '${build.region}', the agent in '${region}'`);
      }
    }
    if (body.architecture !== undefined) await regions.checkArchitecture(organizationId, region, body.architecture);
  };
}
export type ReferenceCheck = ReturnType<typeof createReferenceCheck>;

/** Deploying from a repository is what newer clients offer; a server that ignored the member would deploy something else. */
export function refuseRepository(body: DeployBody): void {
  if (body.git === undefined || body.git === null) return;
  throw badRequest(
    'git: this installation is not linked to GitHub, so it cannot deploy from a repository. Deploy an image, or upload the files as a build',
  );
}

import type { Build } from '@pipecat-cloud/contract/builds';
import type { StoredBuild } from './build-row.js';

/** A build as clients see it (contract §7.6): absent members are left out, and the duration is a whole number of seconds. */
export function presentBuild(build: StoredBuild, createdBy?: Build['createdBy']): Build {
  const { startedAt, completedAt, errorMessage } = build;
  return {
    id: build.id,
    organizationId: build.organizationId,
    status: build.status,
    region: build.region,
    contextHash: build.contextHash,
    dockerfilePath: build.dockerfilePath,
    ...(build.status === 'success' ? { imageUri: `build:${build.id}` } : {}),
    ...(errorMessage === undefined ? {} : { errorMessage }),
    contextSizeBytes: build.contextSizeBytes,
    ...(build.imageSizeBytes === undefined ? {} : { imageSizeBytes: build.imageSizeBytes }),
    ...(build.secretSet === undefined ? {} : { secretSet: build.secretSet }),
    ...(build.imagePullSecretSet === undefined ? {} : { imagePullSecretSet: build.imagePullSecretSet }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(startedAt && completedAt ? { buildDurationSeconds: wholeSeconds(startedAt, completedAt) } : {}),
    createdAt: build.createdAt.toISOString(),
    ...(startedAt ? { startedAt: startedAt.toISOString() } : {}),
    ...(completedAt ? { completedAt: completedAt.toISOString() } : {}),
    updatedAt: build.updatedAt.toISOString(),
  };
}

/** Both times come from a worker's clock, which may be set back in between. */
function wholeSeconds(from: Date, to: Date): number {
  return Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
}

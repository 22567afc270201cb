import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OrganizationAccess } from '../access/principal.js';
import { createBuildService } from '../builds/build-service.js';
import { createDiskUploadStore } from '../builds/disk-upload-store.js';
import { createUploadService, readUploadFields } from '../builds/upload-service.js';
import type { Readiness } from '../secrets/readiness.js';
import type { TestDatabase } from './databases.js';
import { contextOf } from './tar.js';
import { openTwoOrganizations, testActor } from './two-organizations.js';

/** What a build service needs of its surroundings, where nothing is built. */
export const withoutWorkers = {
  queue: { nudge() {} },
  forgetNow() {},
  secrets: { readiness: async (): Promise<Readiness> => ({ status: 'ready' }) },
};

/** Two organizations with the real build and upload services, their files in a folder of their own. */
export async function openBuildWorld(
  database: TestDatabase,
  {
    unusedLimit,
    unusedLimitBytes,
    ...options
  }: { lineLimit?: number; openLimit?: number; unusedLimit?: number; unusedLimitBytes?: number } = {},
) {
  const world = await openTwoOrganizations(database);
  const folder = await mkdtemp(join(tmpdir(), 'builds-'));
  const files = createDiskUploadStore({ directory: folder, limitBytes: 1_000_000 });
  const uploads = createUploadService({
    ...world,
    uploads: files,
    signingKey: Buffer.alloc(32, 3),
    publicUrl: 'http://localhost:7400',
    ...(unusedLimit !== undefined && { unusedLimit }),
    unusedLimitBytes,
  });
  let nudges = 0;
  const queue = {
    nudge: () => {
      nudges++;
    },
  };
  const forgotten: string[] = [];
  let readiness: Readiness = { status: 'ready' };
  const builds = createBuildService({
    ...world,
    ...options,
    files,
    uploads,
    queue,
    secrets: { readiness: async () => readiness },
    forgetNow: (workerId, buildId) => void forgotten.push(`${workerId} ${buildId}`),
  });
  return {
    ...world,
    folder,
    uploads,
    builds,
    nudges: () => nudges,
    /** Of every secret set from now on. */
    setReadiness(now: Readiness): void {
      readiness = now;
    },
    /** Worker and build of what a worker was told at once to break off. */
    forgotten,
    /** An upload that has its file already; returns its id. */
    async upload(
      organization: OrganizationAccess,
      content: Buffer = contextOf({ Dockerfile: 'FROM scratch\n' }),
    ): Promise<string> {
      const { uploadId, uploadFields } = await uploads.createUrl(organization, testActor);
      const fields = readUploadFields(new Map(Object.entries(uploadFields)));
      const source = (async function* () {
        yield content;
      })();
      await (await uploads.receive(fields, content.length, source)).complete();
      return uploadId;
    },
    async end() {
      await world.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type BuildWorld = Awaited<ReturnType<typeof openBuildWorld>>;

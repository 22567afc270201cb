import type { BuildStatus } from '@pipecat-cloud/contract/builds';
import type { RepositoryContext } from '../db/store.js';
import { createBuildLogRepository } from './build-log-repository.js';
import { createBuildRemoval } from './build-removal.js';
import { openStatuses, type StoredBuild, toBuild, toRow } from './build-row.js';
import { createUploadRepository } from './upload-repository.js';

export interface BuildFilter {
  status?: BuildStatus | undefined;
  region?: string | undefined;
  contextHash?: string | undefined;
  dockerfilePath?: string | undefined;
}

/** What makes two builds the same build (contract §10.3); the SHA-256 because 64 bits of MD5 can be forged. */
export interface BuildIdentity {
  region: string;
  contextHash: string;
  contextSha256: string;
  dockerfilePath: string;
  secretSet: string | undefined;
  imagePullSecretSet: string | undefined;
}

/** Builds, and in `uploads` and `lines` what belongs to them. */
export function createBuildRepository({ db }: RepositoryContext) {
  const sameAs = (organizationId: string, identity: BuildIdentity) =>
    db
      .selectFrom('build')
      .selectAll()
      .where('organization_id', '=', organizationId)
      .where('region', '=', identity.region)
      .where('context_hash', '=', identity.contextHash)
      .where('context_sha256', '=', identity.contextSha256)
      .where('dockerfile_path', '=', identity.dockerfilePath)
      .where('secret_set', identity.secretSet === undefined ? 'is' : '=', identity.secretSet ?? null)
      .where(
        'image_pull_secret_set',
        identity.imagePullSecretSet === undefined ? 'is' : '=',
        identity.imagePullSecretSet ?? null,
      );

  return {
    ...createBuildRemoval({ db }),
    uploads: createUploadRepository({ db }),
    lines: createBuildLogRepository({ db }),

    /** False, and nothing inserted, while a build of the same identity is under way. */
    async insert(build: StoredBuild): Promise<boolean> {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('build')
        .values(toRow(build))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    },

    async find(organizationId: string, id: string): Promise<StoredBuild | undefined> {
      const query = db
        .selectFrom('build')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id);
      const row = await query.executeTakeFirst();
      return row && toBuild(row);
    },

    /** For workers, which build for every organization. */
    async findAny(id: string): Promise<StoredBuild | undefined> {
      const row = await db.selectFrom('build').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toBuild(row);
    },

    /** The newest successful build of the same files. */
    async findCached(organizationId: string, identity: BuildIdentity): Promise<StoredBuild | undefined> {
      const row = await sameAs(organizationId, identity)
        .where('status', '=', 'success')
        .where('removed_at', 'is', null)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && toBuild(row);
    },

    /** The build of the same files that is under way. */
    async findOpen(organizationId: string, identity: BuildIdentity): Promise<StoredBuild | undefined> {
      const row = await sameAs(organizationId, identity).where('status', 'in', openStatuses).executeTakeFirst();
      return row && toBuild(row);
    },

    async countOpen(organizationId: string): Promise<number> {
      const { count } = await db
        .selectFrom('build')
        .select((eb) => eb.fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .where('status', 'in', openStatuses)
        .executeTakeFirstOrThrow();
      return Number(count);
    },

    /** Gives an open build to a worker; false when it has another than was read. */
    async assign(id: string, from: string | undefined, to: string, now: Date): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('build')
        .set({ worker_id: to, updated_at: now.toISOString() })
        .where('id', '=', id)
        .where('status', 'in', openStatuses)
        .where('worker_id', from === undefined ? 'is' : '=', from ?? null)
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    /** Newest first, without those that are removed; `total` counts all that match. */
    async list(
      organizationId: string,
      filter: BuildFilter,
      page: { limit: number; offset: number },
    ): Promise<{ builds: StoredBuild[]; total: number }> {
      let matching = db
        .selectFrom('build')
        .where('organization_id', '=', organizationId)
        .where('removed_at', 'is', null);
      if (filter.status !== undefined) matching = matching.where('status', '=', filter.status);
      if (filter.region !== undefined) matching = matching.where('region', '=', filter.region);
      if (filter.contextHash !== undefined) matching = matching.where('context_hash', '=', filter.contextHash);
      if (filter.dockerfilePath !== undefined) matching = matching.where('dockerfile_path', '=', filter.dockerfilePath);
      const { count } = await matching.select((eb) => eb.fn.countAll().as('count')).executeTakeFirstOrThrow();
      const rows = await matching
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(page.limit)
        .offset(page.offset)
        .execute();
      return { builds: rows.map(toBuild), total: Number(count) };
    },

    /** Every organization's builds that are not finished, oldest first. */
    async listOpen(): Promise<StoredBuild[]> {
      const rows = await db
        .selectFrom('build')
        .selectAll()
        .where('status', 'in', openStatuses)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toBuild);
    },

    /** Pending to building; false when it was not pending. */
    async start(id: string, at: Date, now: Date): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('build')
        .set({ status: 'building', started_at: at.toISOString(), updated_at: now.toISOString() })
        .where('id', '=', id)
        .where('status', '=', 'pending')
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    /** False when the build is not open: the first end counts. */
    async finish(
      id: string,
      end: {
        status: 'success' | 'failed' | 'timeout';
        errorMessage: string | null;
        imageSizeBytes?: number | undefined;
        at: Date;
        now: Date;
      },
    ): Promise<boolean> {
      const at = end.at.toISOString();
      const { numUpdatedRows } = await db
        .updateTable('build')
        .set((eb) => ({
          status: end.status,
          error_message: end.errorMessage,
          image_size_bytes: end.imageSizeBytes ?? null,
          started_at: eb.fn.coalesce('started_at', eb.val(at)),
          completed_at: at,
          updated_at: end.now.toISOString(),
        }))
        .where('id', '=', id)
        .where('status', 'in', openStatuses)
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },
  };
}

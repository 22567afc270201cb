import type { BuildStatus } from '@pipecat-cloud/contract/builds';
import type { RepositoryContext } from '../db/store.js';
import { createBuildLogRepository } from './build-log-repository.js';
import { createUploadRepository } from './upload-repository.js';

export interface StoredBuild {
  id: string;
  organizationId: string;
  uploadId: string;
  region: string;
  /** First 16 hex digits of the MD5 of the context's bytes; clients look builds up by it. */
  contextHash: string;
  /** Hex; what a worker checks the downloaded context with. */
  contextSha256: string;
  contextSizeBytes: number;
  dockerfilePath: string;
  status: BuildStatus;
  errorMessage: string | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  completedAt: Date | undefined;
  updatedAt: Date;
}

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
}

const openStatuses: readonly BuildStatus[] = ['pending', 'building'];

/** Builds, and in `uploads` and `lines` what belongs to them. */
export function createBuildRepository({ db }: RepositoryContext) {
  return {
    uploads: createUploadRepository({ db }),
    lines: createBuildLogRepository({ db }),

    async insert(build: StoredBuild): Promise<void> {
      await db.insertInto('build').values(toRow(build)).execute();
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
      const row = await db
        .selectFrom('build')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('status', '=', 'success')
        .where('region', '=', identity.region)
        .where('context_hash', '=', identity.contextHash)
        .where('context_sha256', '=', identity.contextSha256)
        .where('dockerfile_path', '=', identity.dockerfilePath)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && toBuild(row);
    },

    /** The build under way that a repeated request means. */
    async findOpen(organizationId: string, uploadId: string, dockerfilePath: string): Promise<StoredBuild | undefined> {
      const row = await db
        .selectFrom('build')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('upload_id', '=', uploadId)
        .where('dockerfile_path', '=', dockerfilePath)
        .where('status', 'in', openStatuses)
        .executeTakeFirst();
      return row && toBuild(row);
    },

    /** Newest first; `total` counts all that match. */
    async list(
      organizationId: string,
      filter: BuildFilter,
      page: { limit: number; offset: number },
    ): Promise<{ builds: StoredBuild[]; total: number }> {
      let matching = db.selectFrom('build').where('organization_id', '=', organizationId);
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
      end: { status: 'success' | 'failed' | 'timeout'; errorMessage: string | null; at: Date; now: Date },
    ): Promise<boolean> {
      const at = end.at.toISOString();
      const { numUpdatedRows } = await db
        .updateTable('build')
        .set((eb) => ({
          status: end.status,
          error_message: end.errorMessage,
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

interface BuildRow {
  id: string;
  organization_id: string;
  upload_id: string;
  region: string;
  context_hash: string;
  context_sha256: string;
  context_size_bytes: number;
  dockerfile_path: string;
  status: string;
  error_message: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  updated_at: string;
}

function toRow(build: StoredBuild): BuildRow {
  return {
    id: build.id,
    organization_id: build.organizationId,
    upload_id: build.uploadId,
    region: build.region,
    context_hash: build.contextHash,
    context_sha256: build.contextSha256,
    context_size_bytes: build.contextSizeBytes,
    dockerfile_path: build.dockerfilePath,
    status: build.status,
    error_message: build.errorMessage ?? null,
    created_at: build.createdAt.toISOString(),
    started_at: build.startedAt?.toISOString() ?? null,
    completed_at: build.completedAt?.toISOString() ?? null,
    updated_at: build.updatedAt.toISOString(),
  };
}

function toBuild(row: BuildRow): StoredBuild {
  return {
    id: row.id,
    organizationId: row.organization_id,
    uploadId: row.upload_id,
    region: row.region,
    contextHash: row.context_hash,
    contextSha256: row.context_sha256,
    contextSizeBytes: row.context_size_bytes,
    dockerfilePath: row.dockerfile_path,
    status: row.status as BuildStatus,
    errorMessage: row.error_message ?? undefined,
    createdAt: new Date(row.created_at),
    startedAt: row.started_at === null ? undefined : new Date(row.started_at),
    completedAt: row.completed_at === null ? undefined : new Date(row.completed_at),
    updatedAt: new Date(row.updated_at),
  };
}

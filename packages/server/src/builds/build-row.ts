import type { BuildStatus } from '@pipecat-cloud/contract/builds';

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
  /** Whose values its steps may read. */
  secretSet: string | undefined;
  /** What its base images are pulled with. */
  imagePullSecretSet: string | undefined;
  status: BuildStatus;
  /** Who makes it, or made it. */
  workerId: string | undefined;
  errorMessage: string | undefined;
  /** Of a success that is an image. */
  imageSizeBytes: number | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  completedAt: Date | undefined;
  updatedAt: Date;
  /** From then on its files are gone, or going. */
  removedAt: Date | undefined;
}

/** Under way: queued or being made. */
export const openStatuses: readonly BuildStatus[] = ['pending', 'building'];

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
  worker_id: string | null;
  secret_set: string | null;
  image_pull_secret_set: string | null;
  image_size_bytes: number | null;
  removed_at: string | null;
}

export function toRow(build: StoredBuild): BuildRow {
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
    worker_id: build.workerId ?? null,
    secret_set: build.secretSet ?? null,
    image_pull_secret_set: build.imagePullSecretSet ?? null,
    image_size_bytes: build.imageSizeBytes ?? null,
    removed_at: build.removedAt?.toISOString() ?? null,
  };
}

export function toBuild(row: BuildRow): StoredBuild {
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
    workerId: row.worker_id ?? undefined,
    secretSet: row.secret_set ?? undefined,
    imagePullSecretSet: row.image_pull_secret_set ?? undefined,
    imageSizeBytes: row.image_size_bytes === null ? undefined : Number(row.image_size_bytes),
    removedAt: row.removed_at === null ? undefined : new Date(row.removed_at),
  };
}

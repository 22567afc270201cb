import { type Static, Type } from 'typebox';
import { OrNull, Timestamp } from './names.js';

export const buildStatuses = ['pending', 'building', 'success', 'failed', 'timeout'] as const;
export type BuildStatus = (typeof buildStatuses)[number];

/** Sum of file sizes before compression (contract §10.2). */
export const contextSizeLimitBytes = 524_288_000;
export const contextEntryLimit = 100_000;
/** Of one archive: files that don't compress keep their size, and headers and padding come on top. */
export const uploadLimitBytes = contextSizeLimitBytes + 64 * 1024 * 1024;

export const Build = Type.Object({
  id: Type.String(),
  organizationId: Type.String(),
  status: Type.Enum([...buildStatuses]),
  region: Type.String(),
  contextHash: Type.String(),
  dockerfilePath: Type.String(),
  imageUri: Type.Optional(Type.String()),
  errorMessage: Type.Optional(Type.String()),
  contextSizeBytes: Type.Optional(Type.Integer()),
  imageSizeBytes: Type.Optional(Type.Integer()),
  /** Beyond the published API: the secret set whose values its steps may read. */
  secretSet: Type.Optional(Type.String()),
  /** So is this one: the image pull secret set that its base images are pulled with. */
  imagePullSecretSet: Type.Optional(Type.String()),
  /** Beyond the published API too. */
  createdBy: Type.Optional(
    Type.Object(
      {
        kind: Type.String({ description: 'As in the audit log' }),
        id: OrNull(Type.String()),
        name: OrNull(Type.String({ description: 'What the person, service account or key is called now' })),
      },
      { description: 'Who asked for it first; absent where the audit log does not reach back so far' },
    ),
  ),
  buildDurationSeconds: Type.Optional(Type.Integer()),
  createdAt: Timestamp,
  startedAt: Type.Optional(Timestamp),
  completedAt: Type.Optional(Timestamp),
  updatedAt: Timestamp,
});
export type Build = Static<typeof Build>;

export const UploadUrlBody = Type.Object({ region: Type.Optional(Type.String({ maxLength: 63 })) });
/** A presigned form post (contract §10.1): the fields are strings, sent first and in this order; the file comes last. */
export const UploadUrl = Type.Object({
  uploadId: Type.String(),
  uploadUrl: Type.String(),
  uploadFields: Type.Record(Type.String(), Type.String()),
  expiresAt: Timestamp,
});
export type UploadUrl = Static<typeof UploadUrl>;

/** What came with the form, and the hash that a build of it is found by. */
export const Uploaded = Type.Object({ uploadId: Type.String(), sizeBytes: Type.Integer(), contextHash: Type.String() });
export type Uploaded = Static<typeof Uploaded>;

export const CreateBuildBody = Type.Object({
  uploadId: Type.String({ maxLength: 64 }),
  region: Type.Optional(Type.String({ maxLength: 63 })),
  dockerfilePath: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  /** Beyond the published API: steps may read its values, with `RUN --mount=type=secret,id=KEY`. Needs `agents:deploy` too. */
  secretSet: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  /** The same: an image pull secret set, for `FROM`. Needs `agents:deploy` too. */
  imagePullSecretSet: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});
export type CreateBuildBody = Static<typeof CreateBuildBody>;

export const CreatedBuild = Type.Object({ build: Build, contextHash: Type.String(), cached: Type.Boolean() });
export type CreatedBuild = Static<typeof CreatedBuild>;

export const BuildQuery = Type.Object({
  status: Type.Optional(Type.Enum([...buildStatuses])),
  region: Type.Optional(Type.String({ maxLength: 63 })),
  contextHash: Type.Optional(Type.String({ maxLength: 64 })),
  dockerfilePath: Type.Optional(Type.String({ maxLength: 500 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
});
export type BuildQuery = Static<typeof BuildQuery>;
export const BuildList = Type.Object({
  builds: Type.Array(Build),
  total: Type.Integer(),
  limit: Type.Integer(),
  offset: Type.Integer(),
});
export type BuildList = Static<typeof BuildList>;
export const BuildEnvelope = Type.Object({ build: Build });
export type BuildEnvelope = Static<typeof BuildEnvelope>;

export const BuildLogQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 500 })),
  /** Lines to skip from the start; how a client follows a running build. */
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 })),
});
export const BuildLogs = Type.Object({ logs: Type.Array(Type.String()), nextToken: Type.Optional(Type.String()) });
export type BuildLogs = Static<typeof BuildLogs>;

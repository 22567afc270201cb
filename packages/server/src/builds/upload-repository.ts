import type { RepositoryContext } from '../db/store.js';

/**
 * `waiting` for its file · `complete` with one · `used` by a build, so kept · `removed`: its file may be gone at any moment · `gone`: it is, and
 * builds that are kept on record still name it, or it answers for a while yet what it has answered.
 */
export type UploadState = 'waiting' | 'complete' | 'used' | 'removed' | 'gone';

export interface Upload {
  id: string;
  organizationId: string;
  region: string;
  state: UploadState;
  /** Known once complete. */
  content: UploadContent | undefined;
  createdAt: Date;
  /** Until then the file may begin to come; once complete, when it came. */
  expiresAt: Date;
}

export interface UploadContent {
  sizeBytes: number;
  /** Hex digest of the stored bytes. */
  sha256: string;
  /** First 16 hex digits of the MD5 of the stored bytes (contract §10.3). */
  contextHash: string;
}

export interface UnusedUploads {
  /** Of those that still wait for a file or for a build. */
  count: number;
  /** That their files take, and that those which are on their way may. */
  bytes: number;
  /** When the first of those that count expires. */
  firstExpiresAt: Date | undefined;
}

export function createUploadRepository({ db }: Pick<RepositoryContext, 'db'>) {
  return {
    /** With the bytes that whoever holds its form may send from now on, where these are known. */
    async insert(upload: Omit<Upload, 'state' | 'content'>, reservedBytes: number | undefined): Promise<void> {
      await db
        .insertInto('upload')
        .values({
          id: upload.id,
          organization_id: upload.organizationId,
          region: upload.region,
          state: 'waiting',
          size_bytes: reservedBytes ?? null,
          sha256: null,
          context_hash: null,
          created_at: upload.createdAt.toISOString(),
          expires_at: upload.expiresAt.toISOString(),
        })
        .execute();
    },

    async find(organizationId: string, id: string): Promise<Upload | undefined> {
      const row = await db
        .selectFrom('upload')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toUpload(row);
    },

    /** What the organization has of uploads that no build was made of; `except` one of them. */
    async unused(organizationId: string, except?: string): Promise<UnusedUploads> {
      const { count, bytes, first } = await db
        .selectFrom('upload')
        .select(({ fn }) => [
          fn.countAll().filterWhere('state', '!=', 'removed').as('count'),
          // Also of those whose file only is about to go.
          fn.sum('size_bytes').as('bytes'),
          fn.min('expires_at').filterWhere('state', '!=', 'removed').as('first'),
        ])
        .where('organization_id', '=', organizationId)
        .where('state', 'in', ['waiting', 'complete', 'removed'])
        .$if(except !== undefined, (query) => query.where('id', '!=', except ?? ''))
        .executeTakeFirstOrThrow();
      return { count: Number(count), bytes: Number(bytes ?? 0), firstExpiresAt: first ? new Date(first) : undefined };
    },

    /** Room for the file of a waiting upload, instead of what it had; undefined for none. Nothing once it is complete. */
    async reserve(id: string, bytes: number | undefined): Promise<void> {
      await db
        .updateTable('upload')
        .set({ size_bytes: bytes ?? null })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .execute();
    },

    /** For the upload itself, whose signature stands for the organization. */
    async findAny(id: string): Promise<Upload | undefined> {
      const row = await db.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toUpload(row);
    },

    /** True when this call made the waiting upload complete. */
    async complete(id: string, content: UploadContent, now: Date): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('upload')
        .set({
          state: 'complete',
          size_bytes: content.sizeBytes,
          sha256: content.sha256,
          context_hash: content.contextHash,
          expires_at: now.toISOString(),
        })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    /** Keeps the file for as long as a build of it is kept. False when the upload has been removed since it was read. */
    async use(organizationId: string, id: string): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('upload')
        .set({ state: 'used' })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('state', 'in', ['complete', 'used'])
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    /** Lets go of one that needs no file any more: another build answers for it, or none can be made of it. Nothing where a build names it. */
    async release(organizationId: string, id: string): Promise<void> {
      await db
        .updateTable('upload')
        .set({ state: 'removed' })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('state', '=', 'complete')
        .execute();
    },

    /**
     * Marks what no build was made of and expired before `before`, and returns every marked upload, also of an earlier call, with its
     * hash where its file is known.
     */
    async markExpired(before: Date, except: readonly string[]): Promise<{ id: string; sha256: string | undefined }[]> {
      await db
        .updateTable('upload')
        .set({ state: 'removed' })
        .where('state', 'in', ['waiting', 'complete'])
        .where('expires_at', '<', before.toISOString())
        .$if(except.length > 0, (query) => query.where('id', 'not in', except))
        .execute();
      const rows = await db.selectFrom('upload').select(['id', 'sha256']).where('state', '=', 'removed').execute();
      return rows.map(({ id, sha256 }) => ({ id, sha256: sha256 ?? undefined }));
    },

    /** The file of one that is marked is gone. */
    async markGone(id: string): Promise<void> {
      await db
        .updateTable('upload')
        .set({ state: 'gone' })
        .where('id', '=', id)
        .where('state', '=', 'removed')
        .execute();
    },

    /** Forgets those whose file is gone and that expired before `before`, as far as no build names them. */
    async forgetGone(before: Date): Promise<void> {
      await db
        .deleteFrom('upload')
        .where('state', '=', 'gone')
        .where('expires_at', '<', before.toISOString())
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('build').select('build.id').whereRef('build.upload_id', '=', 'upload.id'))),
        )
        .execute();
    },
  };
}

interface UploadRow {
  id: string;
  organization_id: string;
  region: string;
  state: string;
  /** As long as no hash is known: the room that is kept for the file. */
  size_bytes: number | null;
  sha256: string | null;
  context_hash: string | null;
  created_at: string;
  expires_at: string;
}

function toUpload(row: UploadRow): Upload {
  const { size_bytes: sizeBytes, sha256, context_hash: contextHash } = row;
  return {
    id: row.id,
    organizationId: row.organization_id,
    region: row.region,
    state: row.state as UploadState,
    content:
      sizeBytes !== null && sha256 !== null && contextHash !== null ? { sizeBytes, sha256, contextHash } : undefined,
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}

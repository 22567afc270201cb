import type { RepositoryContext } from '../db/store.js';

export interface StoredWorker {
  id: string;
  digest: string;
  revokedAt: string | null;
  /** Set for a worker of an organization's region: it serves that organization and knows of no other. */
  scope: WorkerScope | undefined;
}
export interface WorkerScope {
  organizationId: string;
  /** Code of the region. */
  region: string;
}
export interface RegionWorker {
  id: string;
  name: string;
  architecture: string | null;
  createdAt: string;
}

export function createWorkerRepository({ db }: RepositoryContext) {
  return {
    async insert(
      worker: { id: string; name: string; digest: string; pepperId: string; regionId?: string | null },
      now: Date,
    ): Promise<void> {
      await db
        .insertInto('worker')
        .values({
          id: worker.id,
          name: worker.name,
          digest: worker.digest,
          pepper_id: worker.pepperId,
          region_id: worker.regionId ?? null,
          created_at: now.toISOString(),
        })
        .execute();
    },
    async findByDigest(digests: readonly string[]): Promise<StoredWorker | undefined> {
      const row = await db
        .selectFrom('worker')
        .leftJoin('region', 'region.id', 'worker.region_id')
        .select(['worker.id', 'worker.digest', 'worker.revoked_at', 'region.organization_id', 'region.code'])
        .where('worker.digest', 'in', digests)
        .executeTakeFirst();
      if (!row) return undefined;
      const { organization_id: organizationId, code } = row;
      const scope = organizationId === null || code === null ? undefined : { organizationId, region: code };
      return { id: row.id, digest: row.digest, revokedAt: row.revoked_at, scope };
    },
    /** Those of the ids that are revoked. */
    async revokedOf(ids: readonly string[]): Promise<string[]> {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('worker')
        .select('id')
        .where('id', 'in', ids)
        .where('revoked_at', 'is not', null)
        .execute();
      return rows.map(({ id }) => id);
    },
    async listOfRegion(regionId: string): Promise<RegionWorker[]> {
      return await db
        .selectFrom('worker')
        .select(['id', 'name', 'architecture', 'created_at as createdAt'])
        .where('region_id', '=', regionId)
        .where('revoked_at', 'is', null)
        .orderBy('created_at')
        .execute();
    },
    /** `seenAt` in milliseconds since 1970. */
    async presence(id: string): Promise<{ revoked: boolean; seenAt: number | undefined } | undefined> {
      const row = await db
        .selectFrom('worker')
        .select(['revoked_at', 'last_seen_at'])
        .where('id', '=', id)
        .executeTakeFirst();
      const seenAt = row?.last_seen_at ? new Date(row.last_seen_at).getTime() : undefined;
      return row && { revoked: row.revoked_at !== null, seenAt };
    },
    /** It has spoken. */
    async touch(id: string, now: Date): Promise<void> {
      await db.updateTable('worker').set({ last_seen_at: now.toISOString() }).where('id', '=', id).execute();
    },
    /** What the workers of a region, or of the installation's own, have said of their machines. */
    async architectures(regionId: string | undefined): Promise<string[]> {
      const rows = await db
        .selectFrom('worker')
        .select('architecture')
        .distinct()
        .where('revoked_at', 'is', null)
        .where('architecture', 'is not', null)
        .where((eb) => (regionId === undefined ? eb('region_id', 'is', null) : eb('region_id', '=', regionId)))
        .orderBy('architecture')
        .execute();
      return rows.flatMap(({ architecture }) => architecture ?? []);
    },
    /** The organization that something belongs to which a worker speaks of. */
    async ownerOf(kind: 'agent' | 'session' | 'build', id: string): Promise<string | undefined> {
      const row = await db.selectFrom(kind).select('organization_id').where('id', '=', id).executeTakeFirst();
      return row?.organization_id;
    },
    /** Ids of those that were live. */
    async revokeOfRegion(regionId: string, now: Date): Promise<string[]> {
      const rows = await db
        .updateTable('worker')
        .set({ revoked_at: now.toISOString() })
        .where('region_id', '=', regionId)
        .where('revoked_at', 'is', null)
        .returning('id')
        .execute();
      return rows.map(({ id }) => id);
    },
    async removeEnrolmentsOfRegion(regionId: string): Promise<void> {
      await db
        .deleteFrom('one_time_code')
        .where('purpose', '=', 'enrolment')
        .where('region_id', '=', regionId)
        .execute();
    },
    /** A one-time token for one enrolment. */
    async insertEnrolment(
      id: string,
      digest: string,
      now: Date,
      expiresAt: Date,
      regionId: string | null = null,
    ): Promise<void> {
      await db
        .insertInto('one_time_code')
        .values({
          id,
          purpose: 'enrolment',
          digest,
          region_id: regionId,
          attempts: 0,
          created_at: now.toISOString(),
          expires_at: expiresAt.toISOString(),
        })
        .execute();
    },
    /** For the first caller in time: the token is used up then. Names the region that it is for, null for the installation's own. */
    async useEnrolment(digests: readonly string[], now: Date): Promise<{ regionId: string | null } | undefined> {
      const row = await db
        .updateTable('one_time_code')
        .set({ used_at: now.toISOString() })
        .where('purpose', '=', 'enrolment')
        .where('digest', 'in', digests)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .returning('region_id')
        .executeTakeFirst();
      return row && { regionId: row.region_id };
    },
    /** What it says of itself when it connects. */
    async seen(id: string, architecture: string | undefined, now: Date): Promise<void> {
      await db
        .updateTable('worker')
        .set({ last_seen_at: now.toISOString(), architecture: architecture ?? null })
        .where('id', '=', id)
        .execute();
    },
  };
}

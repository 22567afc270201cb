import type { LeakKind, LeakPlace } from '@pipecat-cloud/contract/leaks';
import type { Selectable } from 'kysely';
import type { RepositoryContext } from '../db/store.js';
import type { LeakTables } from './leak-table.js';

export interface Sighting {
  credential: { kind: LeakKind; id: string; masked: string };
  /** Whether the credential belongs to the organization or reaches it. */
  belongs: boolean;
  place: { kind: LeakPlace; name: string; reference: string | null };
  count: number;
  revoked: boolean;
}
export interface StoredLeak extends Sighting {
  id: string;
  firstSeenAt: string;
  lastSeenAt: string;
}

export function createLeakRepository({ db }: RepositoryContext) {
  return {
    /** True for the first sighting of this credential in this place; of two that race, for one of them. */
    async note(organizationId: string, id: string, sighting: Sighting, now: Date): Promise<boolean> {
      const { credential, place } = sighting;
      const at = now.toISOString();
      const row = await db
        .insertInto('leak_finding')
        .values({
          id,
          organization_id: organizationId,
          credential_kind: credential.kind,
          credential_id: credential.id,
          masked: credential.masked,
          belongs: sighting.belongs ? 1 : 0,
          place_kind: place.kind,
          place_name: place.name,
          reference: place.reference,
          first_seen_at: at,
          last_seen_at: at,
          count: sighting.count,
          revoked: sighting.revoked ? 1 : 0,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['organization_id', 'credential_id', 'place_kind', 'place_name'])
            .doUpdateSet(({ eb, ref }) => ({
              last_seen_at: at,
              reference: place.reference,
              count: eb(ref('leak_finding.count'), '+', sighting.count),
              // Once revoked stays revoked.
              ...(sighting.revoked ? { revoked: 1 } : {}),
            })),
        )
        .returning('id')
        .executeTakeFirstOrThrow();
      return row.id === id;
    },

    /** Seen last first. */
    async list(
      organizationId: string,
      { limit, offset }: { limit: number; offset: number },
    ): Promise<{ findings: StoredLeak[]; total: number }> {
      const ours = db.selectFrom('leak_finding').where('organization_id', '=', organizationId);
      const { count } = await ours.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
      const rows = await ours
        .selectAll()
        .orderBy('last_seen_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .offset(offset)
        .execute();
      return { findings: rows.map(toLeak), total: Number(count) };
    },

    /** Name of an agent, also of one that is deleted. */
    async agentName(organizationId: string, agentId: string): Promise<string | undefined> {
      const row = await db
        .selectFrom('agent')
        .select('name')
        .where('organization_id', '=', organizationId)
        .where('id', '=', agentId)
        .executeTakeFirst();
      return row?.name;
    },
  };
}

function toLeak(row: Selectable<LeakTables['leak_finding']>): StoredLeak {
  return {
    id: row.id,
    credential: { kind: row.credential_kind as LeakKind, id: row.credential_id, masked: row.masked },
    belongs: row.belongs === 1,
    place: { kind: row.place_kind as LeakPlace, name: row.place_name, reference: row.reference },
    count: Number(row.count),
    revoked: row.revoked === 1,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  };
}

import type { RepositoryContext } from '../db/store.js';

export interface AuditRecord {
  id: string;
  organizationId: string | null;
  at: Date;
  actorKind: string;
  actorId: string | null;
  credentialId: string | null;
  address: string | null;
  action: string;
  target: string | null;
  detail: Record<string, unknown> | null;
}

export function createAuditRepository({ db }: RepositoryContext) {
  return {
    async insert(record: AuditRecord): Promise<void> {
      await db
        .insertInto('audit')
        .values({
          id: record.id,
          organization_id: record.organizationId,
          at: record.at.toISOString(),
          actor_kind: record.actorKind,
          actor_id: record.actorId,
          credential_id: record.credentialId,
          address: record.address,
          action: record.action,
          target: record.target,
          detail_json: record.detail && JSON.stringify(record.detail),
        })
        .execute();
    },

    async list(organizationId: string, limit: number): Promise<AuditRecord[]> {
      const rows = await db
        .selectFrom('audit')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .orderBy('at', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        organizationId: row.organization_id,
        at: new Date(row.at),
        actorKind: row.actor_kind,
        actorId: row.actor_id,
        credentialId: row.credential_id,
        address: row.address,
        action: row.action,
        target: row.target,
        detail: row.detail_json === null ? null : (JSON.parse(row.detail_json) as Record<string, unknown>),
      }));
    },
  };
}

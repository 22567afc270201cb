import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface StoredInvitation {
  id: string;
  organizationId: string;
  email: string;
  role: Role;
  invitedBy: string;
  createdAt: string;
  expiresAt: string;
  acceptedAt: string | null;
  revokedAt: string | null;
}
export type NewInvitation = Omit<StoredInvitation, 'acceptedAt' | 'revokedAt'> & { digest: string };

/** Longer lists are of no use to people; what is older is in the audit log. */
const listLimit = 500;

/** Invitations into organizations. The code of the link is kept as its digest only. */
export function createInvitationRepository({ db }: RepositoryContext) {
  const pending = (organizationId: string, now: Date) =>
    db
      .updateTable('invitation')
      .set({ revoked_at: now.toISOString() })
      .where('organization_id', '=', organizationId)
      .where('accepted_at', 'is', null)
      .where('revoked_at', 'is', null)
      .returning(['id', 'email', 'role']);

  return {
    async insert(invitation: NewInvitation): Promise<void> {
      await db
        .insertInto('invitation')
        .values({
          id: invitation.id,
          organization_id: invitation.organizationId,
          email: invitation.email,
          role: invitation.role,
          digest: invitation.digest,
          invited_by: invitation.invitedBy,
          created_at: invitation.createdAt,
          expires_at: invitation.expiresAt,
          accepted_at: null,
          revoked_at: null,
        })
        .execute();
    },

    /** Newest first, also those that are over. */
    async list(organizationId: string): Promise<StoredInvitation[]> {
      const rows = await db
        .selectFrom('invitation')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(listLimit)
        .execute();
      return rows.map(toInvitation);
    },

    async find(organizationId: string, id: string): Promise<StoredInvitation | undefined> {
      const row = await db
        .selectFrom('invitation')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toInvitation(row);
    },

    /** Before an organization is known: the code itself says which it is. Those that are over are found as well. */
    async findByDigests(digests: readonly string[]): Promise<StoredInvitation | undefined> {
      const row = await db.selectFrom('invitation').selectAll().where('digest', 'in', digests).executeTakeFirst();
      return row && toInvitation(row);
    },

    async countPending(organizationId: string, now: Date): Promise<number> {
      const row = await db
        .selectFrom('invitation')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .where('accepted_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    /** One use: of two at once one gets true. */
    async accept(id: string, now: Date): Promise<boolean> {
      const row = await db
        .updateTable('invitation')
        .set({ accepted_at: now.toISOString() })
        .where('id', '=', id)
        .where('accepted_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** False when it was accepted or revoked before. */
    async revoke(organizationId: string, id: string, now: Date): Promise<boolean> {
      return (await pending(organizationId, now).where('id', '=', id).executeTakeFirst()) !== undefined;
    },
    /** Ids of those that were open. */
    async revokeTo(organizationId: string, email: string, now: Date): Promise<string[]> {
      const rows = await pending(organizationId, now).where('email', '=', email).execute();
      return rows.map(({ id }) => id);
    },
    async revokeBy(organizationId: string, invitedBy: string, roles: readonly Role[], now: Date): Promise<string[]> {
      if (roles.length === 0) return [];
      const rows = await pending(organizationId, now)
        .where('invited_by', '=', invitedBy)
        .where('role', 'in', roles)
        .execute();
      return rows.map(({ id }) => id);
    },
    async revokeAll(organizationId: string, now: Date): Promise<string[]> {
      return (await pending(organizationId, now).execute()).map(({ id }) => id);
    },
  };
}

function toInvitation(row: Selectable<Schema['invitation']>): StoredInvitation {
  return {
    id: row.id,
    organizationId: row.organization_id,
    email: row.email,
    role: row.role as Role,
    invitedBy: row.invited_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at,
    revokedAt: row.revoked_at,
  };
}

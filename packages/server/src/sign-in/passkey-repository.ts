import type { Policy } from '@pipecat-cloud/contract/policies';
import type { Selectable } from 'kysely';
import type { RepositoryContext } from '../db/store.js';
import type { SignInTables } from './sign-in-table.js';

export interface StoredPasskey {
  id: string;
  userId: string;
  credentialId: string;
  publicKey: string;
  counter: number;
  transports: readonly string[];
  backedUp: boolean;
  name: string;
  createdAt: string;
  lastUsedAt: string | null;
}

export function createPasskeyRepository({ db }: RepositoryContext) {
  return {
    /** False when the credential is registered already, whoever has it. */
    async insert(passkey: StoredPasskey): Promise<boolean> {
      const row = await db
        .insertInto('passkey')
        .values({
          id: passkey.id,
          user_id: passkey.userId,
          credential_id: passkey.credentialId,
          public_key: passkey.publicKey,
          counter: passkey.counter,
          transports_json: JSON.stringify(passkey.transports),
          backed_up: passkey.backedUp ? 1 : 0,
          name: passkey.name,
          created_at: passkey.createdAt,
          last_used_at: passkey.lastUsedAt,
        })
        .onConflict((conflict) => conflict.column('credential_id').doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Across people: the credential says who signs in. */
    async findByCredential(credentialId: string): Promise<StoredPasskey | undefined> {
      const row = await db
        .selectFrom('passkey')
        .selectAll()
        .where('credential_id', '=', credentialId)
        .executeTakeFirst();
      return row && toPasskey(row);
    },

    /** The oldest first. */
    async list(userId: string): Promise<StoredPasskey[]> {
      const rows = await db
        .selectFrom('passkey')
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toPasskey);
    },

    async rename(userId: string, id: string, name: string): Promise<StoredPasskey | undefined> {
      const row = await db
        .updateTable('passkey')
        .set({ name })
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row && toPasskey(row);
    },

    async remove(userId: string, id: string): Promise<StoredPasskey | undefined> {
      const row = await db
        .deleteFrom('passkey')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row && toPasskey(row);
    },

    /**
     * Moves the counter on. False when it would not grow: a copy of the key was used, or the same answer twice at once. Authenticators
     * that keep no counter always send 0 (WebAuthn §6.1.1).
     */
    async recordUse(id: string, counter: number, now: Date): Promise<boolean> {
      const row = await db
        .updateTable('passkey')
        .set({ counter, last_used_at: now.toISOString() })
        .where('id', '=', id)
        .where((eb) => (counter === 0 ? eb('counter', '=', 0) : eb('counter', '<', counter)))
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Does an organization of the person let in only people with a second factor? */
    async secondFactorAsked(userId: string): Promise<boolean> {
      const rows = await db
        .selectFrom('membership')
        .innerJoin('organization_policy', 'organization_policy.organization_id', 'membership.organization_id')
        .select('organization_policy.policy_json as policy')
        .where('membership.user_id', '=', userId)
        .execute();
      return rows.some(({ policy }) => (JSON.parse(policy) as Partial<Policy>).secondFactorRequired === true);
    },
  };
}

function toPasskey(row: Selectable<SignInTables['passkey']>): StoredPasskey {
  return {
    id: row.id,
    userId: row.user_id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    counter: row.counter,
    transports: JSON.parse(row.transports_json) as string[],
    backedUp: row.backed_up === 1,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}

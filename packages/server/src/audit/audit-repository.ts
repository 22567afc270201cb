import type { AuditLine, ChainPoint } from '@pipecat-cloud/contract/audit-chain';
import { sql } from 'kysely';
import type { RepositoryContext } from '../db/store.js';
import { type ChainContext, lockHead, writeHead } from './append.js';
import { toHead, toLine } from './audit-rows.js';
import { type ChainHead, chainOf, isSealed, moved } from './chain-head.js';
import { createNameRepository } from './name-repository.js';
import type { NewAuditRecord } from './pending-records.js';

export interface AuditFilter {
  since?: Date | undefined;
  until?: Date | undefined;
  /** An id or a kind. */
  actor?: string | undefined;
  /** Beginning of the action. */
  action?: string | undefined;
  credential?: string | undefined;
  target?: string | undefined;
  address?: string | undefined;
}

/** Records go into the transaction's own list; the store writes that list at the transaction's end. */
export function createAuditRepository({ db, dialect, pending, auditKey }: RepositoryContext) {
  const context = (): ChainContext => {
    if (!auditKey) throw new Error('The database was opened without the key of the audit log');
    return { db, dialect, key: auditKey };
  };

  const ofChain = (chain: string) => db.selectFrom('audit').where('chain', '=', chain);

  return {
    names: createNameRepository({ db }),

    /** Throws outside a transaction: a change and its record are kept or lost together. */
    append(record: NewAuditRecord): void {
      if (!pending) throw new Error(`'${record.action}' was recorded outside a transaction`);
      pending.add(record);
    },

    /** Newest first; null for what belongs to no organization. */
    async list(organizationId: string | null, limit: number): Promise<AuditLine[]> {
      return await this.search(organizationId, {}, { limit });
    },

    /** Newest first, below `cursor`. */
    async search(
      organizationId: string | null,
      { since, until, actor, action, credential, target, address }: AuditFilter,
      { cursor, limit }: { cursor?: number | undefined; limit: number },
    ): Promise<AuditLine[]> {
      let query = ofChain(chainOf(organizationId)).selectAll();
      if (cursor !== undefined) query = query.where('seq', '<', cursor);
      if (since) query = query.where('at', '>=', since.toISOString());
      if (until) query = query.where('at', '<', until.toISOString());
      if (actor !== undefined)
        query = query.where((eb) => eb.or([eb('actor_id', '=', actor), eb('actor_kind', '=', actor)]));
      // Not `like`, in which the two databases differ about upper and lower case.
      if (action !== undefined) query = query.where(sql`substr(action, 1, ${action.length})`, '=', action);
      if (credential !== undefined) {
        query = query.where((eb) =>
          eb.or([eb('credential_id', '=', credential), eb('parent_credential_id', '=', credential)]),
        );
      }
      if (target !== undefined) query = query.where('target', '=', target);
      if (address !== undefined) query = query.where('address', '=', address);
      const rows = await query.orderBy('seq', 'desc').limit(limit).execute();
      return rows.map(toLine);
    },

    /** Records of one action on these targets, of a time that is known: without it, all of a long log would be read. */
    async doneTo(
      organizationId: string,
      action: string,
      targets: readonly string[],
      { since, until }: { since: Date; until: Date },
    ): Promise<AuditLine[]> {
      const rows = await ofChain(chainOf(organizationId))
        .selectAll()
        .where('at', '>=', since.toISOString())
        .where('at', '<', until.toISOString())
        .where('action', '=', action)
        // A list that is empty is no SQL.
        .where('target', 'in', [...targets, ''])
        .execute();
      return rows.map(toLine);
    },

    /** Oldest first, from the one after `after` to `last`. */
    async page(chain: string, after: number, last: number, limit: number): Promise<AuditLine[]> {
      const rows = await ofChain(chain)
        .selectAll()
        .where('seq', '>', after)
        .where('seq', '<=', last)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map(toLine);
    },

    /** The first and the last position of records of a time; undefined where there are none. All between belong to it too, or the chain would have gaps. */
    async span(
      organizationId: string | null,
      { since, until }: Pick<AuditFilter, 'since' | 'until'>,
    ): Promise<{ first: number; last: number } | undefined> {
      let query = ofChain(chainOf(organizationId)).select((eb) => [
        eb.fn.min('seq').as('first'),
        eb.fn.max('seq').as('last'),
      ]);
      if (since) query = query.where('at', '>=', since.toISOString());
      if (until) query = query.where('at', '<', until.toISOString());
      const row = await query.executeTakeFirst();
      return row?.first === null || row?.last === null || !row ? undefined : { first: row.first, last: row.last };
    },

    /** Its head, and the newest record there is, both of the same moment. */
    async state(chain: string): Promise<{ head: ChainHead | undefined; newest: number | undefined }> {
      const row = await db
        .selectFrom('audit_chain')
        .selectAll()
        .select((eb) =>
          eb
            .selectFrom('audit')
            .select((max) => max.fn.max('audit.seq').as('newest'))
            .where('audit.chain', '=', chain)
            .as('newest'),
        )
        .where('audit_chain.chain', '=', chain)
        .executeTakeFirst();
      if (row) return { head: toHead(row), newest: row.newest ?? undefined };
      const { newest } = await ofChain(chain)
        .select((eb) => eb.fn.max('seq').as('newest'))
        .executeTakeFirstOrThrow();
      return { head: undefined, newest: newest ?? undefined };
    },

    /** Every chain that has a head or a record. */
    async chains(): Promise<string[]> {
      const heads = await db.selectFrom('audit_chain').select('chain').execute();
      const records = await db.selectFrom('audit').select('chain').distinct().execute();
      return [...new Set([...heads, ...records].map(({ chain }) => chain))].sort();
    },

    /** The position after which nothing is older than `before`; undefined where nothing is. */
    async olderThan(chain: string, before: Date): Promise<number | undefined> {
      const kept = await ofChain(chain)
        .select((eb) => eb.fn.min('seq').as('seq'))
        .where('at', '>=', before.toISOString())
        .executeTakeFirst();
      if (kept?.seq) return kept.seq - 1;
      const { seq } = await ofChain(chain)
        .select((eb) => eb.fn.max('seq').as('seq'))
        .executeTakeFirstOrThrow();
      return seq ?? undefined;
    },

    /** Whether a head is what this installation has made of it. Needs the key. */
    isSealed: (head: ChainHead): boolean => isSealed(context().key, head),

    /** The head of a chain that exists. Nobody else appends or removes until the end of the transaction. */
    lockHead: async (chain: string): Promise<ChainHead> => (await lockHead(context(), chain)).head,

    /** Removes everything up to `anchor` and moves the locked head. What is to be removed must have been checked. */
    async removeUpTo(head: ChainHead, anchor: ChainPoint): Promise<void> {
      await db.deleteFrom('audit').where('chain', '=', head.chain).where('seq', '<=', anchor.seq).execute();
      await writeHead(context(), moved(context().key, head, { anchor }));
    },
  };
}

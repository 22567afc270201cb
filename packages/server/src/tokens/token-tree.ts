import type { RepositoryContext } from '../db/store.js';
import type { Revocation } from './stored-token.js';

/** What of the store is about a token together with what comes from it: its successors, and what was derived from any of them. */
export function createTokenTree({ db, dialect }: RepositoryContext) {
  /**
   * In one order everywhere, so that two who lock the same rows never wait for each other: by id, as what writes last uses does, and
   * a successor that was not used yet after all others, so after the token that it takes the place of.
   */
  async function lockAll(ids: readonly string[]): Promise<void> {
    // SQLite has one writer anyway.
    if (dialect !== 'postgres' || ids.length === 0) return;
    await db
      .selectFrom('token')
      .select('id')
      .where('id', 'in', ids)
      .orderBy(({ eb }) => eb('activated_at', 'is', null))
      .orderBy('id')
      .forUpdate()
      .execute();
  }

  /** Ends those of the tokens that are live; the first end keeps its cause. Returns the ids that it ended. */
  async function end(ids: readonly string[], { by, cause, reason }: Revocation, now: Date): Promise<string[]> {
    if (ids.length === 0) return [];
    await lockAll(ids);
    const rows = await db
      .updateTable('token')
      .set({ revoked_at: now.toISOString(), revoked_by: by, revoked_cause: cause, revoked_reason: reason })
      .where('id', 'in', ids)
      .where('revoked_at', 'is', null)
      .returning('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  async function childrenOf(ids: readonly string[]): Promise<string[]> {
    const rows = await db.selectFrom('token').select('id').where('parent_id', 'in', ids).execute();
    return rows.map(({ id }) => id);
  }

  async function pendingSuccessorsOf(ids: readonly string[]): Promise<string[]> {
    const rows = await db
      .selectFrom('token')
      .select('id')
      .where('predecessor_id', 'in', ids)
      .where('activated_at', 'is', null)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Children of children too. One level after the other: a child that is being derived waits for its parent's row. */
  async function forEachGeneration(
    ids: readonly string[],
    work: (children: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    let generation = ids;
    while (generation.length > 0) {
      generation = await childrenOf(generation);
      await work(generation);
    }
  }

  return {
    /** Makes others that would derive from, rotate or end this token wait for this transaction; read it afterwards. */
    lock: (id: string): Promise<void> => lockAll([id]),

    /** Ids of the whole lines of rotations and of all that was derived from them: until the end of the transaction no other joins them. */
    async lockTrees(familyIds: readonly string[]): Promise<string[]> {
      if (familyIds.length === 0) return [];
      const found = new Set<string>();
      const rows = await db.selectFrom('token').select('id').where('family_id', 'in', familyIds).execute();
      let generation = rows.map(({ id }) => id);
      while (generation.length > 0) {
        await lockAll(generation);
        for (const id of generation) found.add(id);
        // A successor may have been made while this waited.
        const next = [...(await childrenOf(generation)), ...(await pendingSuccessorsOf(generation))];
        generation = [...new Set(next)].filter((id) => !found.has(id));
      }
      return [...found];
    },

    /**
     * Ends the tokens and all that was derived from them, at once; unless it is a rotation that ends them, their successors that were
     * not used yet, too: whoever holds a token can have made one. Returns the ids of those of `ids` that were live.
     */
    async revoke(ids: readonly string[], revocation: Revocation, now: Date): Promise<string[]> {
      const ended = await end(ids, revocation, now);
      if (ended.length > 0 && revocation.cause !== 'rotation') {
        const reason = 'ended with the token that it was to take the place of';
        await end(await pendingSuccessorsOf(ended), { ...revocation, reason }, now);
      }
      await forEachGeneration(ended, (children) =>
        end(children, { ...revocation, cause: 'parent', reason: 'ended with the token that it was derived from' }, now),
      );
      return ended;
    },

    /** From `at` on the token and what was derived from it are over, without another write. A later end than one that is set is ignored. */
    async endAt(id: string, at: Date): Promise<void> {
      const set = (ids: readonly string[]) =>
        ids.length === 0
          ? Promise.resolve()
          : db
              .updateTable('token')
              .set({ ends_at: at.toISOString() })
              .where('id', 'in', ids)
              .where(({ eb, or }) => or([eb('ends_at', 'is', null), eb('ends_at', '>', at.toISOString())]))
              .execute();
      await set([id]);
      await forEachGeneration([id], set);
    },

    /** False when the family was marked before. */
    async markSuspicious(familyId: string, now: Date): Promise<boolean> {
      const members = await db.selectFrom('token').select('id').where('family_id', '=', familyId).execute();
      await lockAll(members.map(({ id }) => id));
      const rows = await db
        .updateTable('token')
        .set({ suspicious_at: now.toISOString() })
        .where('family_id', '=', familyId)
        .where('suspicious_at', 'is', null)
        .returning('id')
        .execute();
      return rows.length > 0;
    },
  };
}

import { defaultPolicy, type Policy } from '@pipecat-cloud/contract/policies';
import type { RepositoryContext } from '../db/store.js';

export interface StoredPolicy {
  organizationId: string;
  policy: Policy;
  /** Null where nobody has set one: the defaults ask nothing. */
  updatedAt: string | null;
}
export type TokenDecision = 'approved' | 'denied' | 'pending';

export function createPolicyRepository({ db }: RepositoryContext) {
  /** What organizations decided about a token, of these decisions, for another to have. */
  function copyOf(from: string, to: string, states: readonly TokenDecision[]) {
    return db
      .insertInto('token_decision')
      .columns(['token_id', 'organization_id', 'state', 'decided_by', 'decided_at'])
      .expression((eb) =>
        eb
          .selectFrom('token_decision')
          .select([eb.val(to).as('token_id'), 'organization_id', 'state', 'decided_by', 'decided_at'])
          .where('token_id', '=', from)
          .where('state', 'in', states),
      );
  }

  return {
    async find(organizationId: string): Promise<StoredPolicy> {
      const row = await db
        .selectFrom('organization_policy')
        .select(['policy_json', 'updated_at'])
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      return {
        organizationId,
        policy: row ? toPolicy(row.policy_json) : defaultPolicy,
        updatedAt: row?.updated_at ?? null,
      };
    },

    async put(organizationId: string, policy: Policy, by: string | null, now: Date): Promise<void> {
      const values = { policy_json: JSON.stringify(policy), updated_at: now.toISOString(), updated_by: by };
      await db
        .insertInto('organization_policy')
        .values({ organization_id: organizationId, ...values })
        .onConflict((conflict) => conflict.column('organization_id').doUpdateSet(values))
        .execute();
    },

    /** Of every organization that has set one: for the sweeper alone. */
    async listAll(): Promise<StoredPolicy[]> {
      const rows = await db
        .selectFrom('organization_policy')
        .innerJoin('organization', 'organization.id', 'organization_policy.organization_id')
        .select(['organization_id', 'policy_json', 'updated_at'])
        .where('organization.deleted_at', 'is', null)
        .orderBy('organization_id')
        .execute();
      return rows.map((row) => ({
        organizationId: row.organization_id,
        policy: toPolicy(row.policy_json),
        updatedAt: row.updated_at,
      }));
    },

    /** Organizations that never set one have the defaults. */
    async listOf(organizationIds: readonly string[]): Promise<Map<string, Policy>> {
      if (organizationIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('organization_policy')
        .select(['organization_id', 'policy_json'])
        .where('organization_id', 'in', organizationIds)
        .execute();
      const known = new Map(rows.map((row) => [row.organization_id, toPolicy(row.policy_json)]));
      return new Map(organizationIds.map((id) => [id, known.get(id) ?? defaultPolicy]));
    },

    async decisionOf(organizationId: string, tokenId: string): Promise<TokenDecision> {
      const row = await db
        .selectFrom('token_decision')
        .select('state')
        .where('token_id', '=', tokenId)
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      return (row?.state ?? 'pending') as TokenDecision;
    },

    async decide(
      organizationId: string,
      tokenIds: readonly string[],
      decision: { state: 'approved' | 'denied'; by: string | null; at: Date },
    ): Promise<void> {
      if (tokenIds.length === 0) return;
      const values = { state: decision.state, decided_by: decision.by, decided_at: decision.at.toISOString() };
      await db
        .insertInto('token_decision')
        .values(tokenIds.map((id) => ({ token_id: id, organization_id: organizationId, ...values })))
        .onConflict((conflict) => conflict.columns(['token_id', 'organization_id']).doUpdateSet(values))
        .execute();
    },

    /** For a token with a new secret that comes from another: what organizations decided about that one holds for it, and nothing else. */
    async copyDecisions(from: string, to: string): Promise<void> {
      await db.deleteFrom('token_decision').where('token_id', '=', to).execute();
      await copyOf(from, to, ['approved', 'denied']).execute();
    },

    /** For a token that another made or got hold of: where that one is denied, it is too, whatever was decided about it before. */
    async copyDenials(from: string, to: string): Promise<void> {
      await copyOf(from, to, ['denied'])
        .onConflict((conflict) =>
          conflict.columns(['token_id', 'organization_id']).doUpdateSet(({ ref }) => ({
            state: ref('excluded.state'),
            decided_by: ref('excluded.decided_by'),
            decided_at: ref('excluded.decided_at'),
          })),
        )
        .execute();
    },

    /** What the organization decided about personal tokens, by their ids. */
    async decisions(organizationId: string): Promise<Map<string, TokenDecision>> {
      const rows = await db
        .selectFrom('token_decision')
        .select(['token_id', 'state'])
        .where('organization_id', '=', organizationId)
        .execute();
      return new Map(rows.map((row) => [row.token_id, row.state as TokenDecision]));
    },
  };
}

/** Members that were added after it was written have their defaults. */
function toPolicy(json: string): Policy {
  return { ...defaultPolicy, ...(JSON.parse(json) as Partial<Policy>) };
}

import type { Policy } from '@pipecat-cloud/contract/policies';
import type { RepositoryContext } from '../db/store.js';

/** What organizations ask of credentials, and which tokens they let in. */
export function createPolicyRepository({ db }: RepositoryContext) {
  return {
    /** Organizations that never set one are missing; members that were added later are too. */
    async listOf(organizationIds: readonly string[]): Promise<Map<string, Partial<Policy>>> {
      if (organizationIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('organization_policy')
        .select(['organization_id', 'policy_json'])
        .where('organization_id', 'in', organizationIds)
        .execute();
      return new Map(rows.map((row) => [row.organization_id, JSON.parse(row.policy_json) as Partial<Policy>]));
    },

    async decisionOf(tokenId: string, organizationId: string): Promise<'approved' | 'denied' | undefined> {
      const row = await db
        .selectFrom('token_decision')
        .select('state')
        .where('token_id', '=', tokenId)
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      return row?.state as 'approved' | 'denied' | undefined;
    },

    async decisionsOf(organizationId: string): Promise<Map<string, 'approved' | 'denied'>> {
      const rows = await db
        .selectFrom('token_decision')
        .select(['token_id', 'state'])
        .where('organization_id', '=', organizationId)
        .execute();
      return new Map(rows.map((row) => [row.token_id, row.state as 'approved' | 'denied']));
    },

    async decide(
      organizationId: string,
      tokenId: string,
      decision: { state: 'approved' | 'denied'; by: string | null; at: Date },
    ): Promise<void> {
      const values = { state: decision.state, decided_by: decision.by, decided_at: decision.at.toISOString() };
      await db
        .insertInto('token_decision')
        .values({ token_id: tokenId, organization_id: organizationId, ...values })
        .onConflict((conflict) => conflict.columns(['token_id', 'organization_id']).doUpdateSet(values))
        .execute();
    },
  };
}

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

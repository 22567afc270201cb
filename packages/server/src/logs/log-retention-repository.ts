import type { LogRetention } from '@pipecat-cloud/contract/logs';
import type { RepositoryContext } from '../db/store.js';

export function createLogRetentionRepository({ db }: RepositoryContext) {
  return {
    async find(organizationId: string, agentId: string): Promise<LogRetention | undefined> {
      return await db
        .selectFrom('log_retention')
        .select(['days', 'megabytes'])
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .executeTakeFirst();
    },

    async put(organizationId: string, agentId: string, { days, megabytes }: LogRetention, now: Date): Promise<void> {
      const values = { days, megabytes, updated_at: now.toISOString() };
      await db
        .insertInto('log_retention')
        .values({ agent_id: agentId, organization_id: organizationId, ...values })
        .onConflict((conflict) => conflict.column('agent_id').doUpdateSet(values))
        .execute();
    },

    /** What people call an agent that lives, whatever its organization: for exports alone. */
    async agentNames(agentId: string): Promise<{ agentId: string; agent: string; organization: string } | undefined> {
      return await db
        .selectFrom('agent')
        .innerJoin('organization', 'organization.id', 'agent.organization_id')
        .select(['agent.id as agentId', 'agent.name as agent', 'organization.name as organization'])
        .where('agent.id', '=', agentId)
        .where('agent.deleted_at', 'is', null)
        .executeTakeFirst();
    },

    /** Of every organization: for pruning alone. */
    async all(): Promise<Map<string, LogRetention>> {
      const rows = await db.selectFrom('log_retention').select(['agent_id', 'days', 'megabytes']).execute();
      return new Map(rows.map(({ agent_id: id, days, megabytes }) => [id, { days, megabytes }]));
    },
  };
}

import { inParts } from '../db/in-parts.js';
import type { RepositoryContext } from '../db/store.js';
import type { Demand } from './demand.js';
import type { TargetDecision, TargetInputs, TargetReason } from './target.js';

export interface StoredDecision extends TargetDecision {
  at: string;
}

/** Decisions of an agent that are kept. */
const keptDecisions = 100;

/** What the pool has measured and decided, agent by agent. */
export function createPoolRepository({ db }: RepositoryContext) {
  return {
    /** Of these agents, by id; those never measured are left out. For the reconciler alone. */
    async demandOf(agentIds: readonly string[]): Promise<Map<string, Demand>> {
      const rows = await inParts(agentIds, (part) =>
        db.selectFrom('pool_demand').selectAll().where('agent_id', 'in', part).execute(),
      );
      return new Map(
        rows.map((row) => [
          row.agent_id,
          {
            rate: row.arrival_rate,
            measuredAtMs: Date.parse(row.measured_at),
            startMs: JSON.parse(row.start_ms_json) as number[],
          },
        ]),
      );
    },

    async saveDemand(agent: { id: string; organizationId: string }, demand: Demand): Promise<void> {
      const measured = {
        arrival_rate: demand.rate,
        measured_at: new Date(demand.measuredAtMs).toISOString(),
        start_ms_json: JSON.stringify(demand.startMs),
      };
      await db
        .insertInto('pool_demand')
        .values({ agent_id: agent.id, organization_id: agent.organizationId, ...measured })
        .onConflict((conflict) => conflict.column('agent_id').doUpdateSet(measured))
        .execute();
    },

    /** Adds a decision and forgets those beyond the newest hundred. */
    async decide(agent: { id: string; organizationId: string }, decision: TargetDecision, now: Date): Promise<void> {
      const last = await db
        .selectFrom('pool_decision')
        .select(({ fn }) => fn.max('number').as('number'))
        .where('agent_id', '=', agent.id)
        .executeTakeFirst();
      const number = Number(last?.number ?? 0) + 1;
      await db
        .insertInto('pool_decision')
        .values({
          agent_id: agent.id,
          number,
          organization_id: agent.organizationId,
          decided_at: now.toISOString(),
          target: decision.target,
          reason: decision.reason,
          inputs_json: JSON.stringify({ ...decision.inputs, why: decision.why }),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await db
        .deleteFrom('pool_decision')
        .where('agent_id', '=', agent.id)
        .where('number', '<=', number - keptDecisions)
        .execute();
    },

    /** Newest first. */
    async decisions(organizationId: string, agentId: string, limit: number): Promise<StoredDecision[]> {
      const rows = await db
        .selectFrom('pool_decision')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .orderBy('number', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => {
        const { why, ...inputs } = JSON.parse(row.inputs_json) as TargetInputs & { why: string };
        return { at: row.decided_at, target: row.target, reason: row.reason as TargetReason, why, inputs };
      });
    },
  };
}

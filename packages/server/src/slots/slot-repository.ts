import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';
import { addStretch } from '../usage/usage-day-repository.js';

/**
 * `empty` no instance · `starting` an instance that is not ready · `ready` an idle one · `claimed` holds a session · `settling` its
 * session has ended and the worker has not yet said that the bot is done · `quarantined` its bot is not known to have finished, so
 * the instance is never offered again and goes in its own time · `retiring` its instance is to be removed.
 */
export type SlotState = 'empty' | 'starting' | 'ready' | 'claimed' | 'settling' | 'quarantined' | 'retiring';

export interface Slot {
  id: string;
  organizationId: string;
  agentId: string;
  spare: boolean;
  state: SlotState;
  epoch: number;
  deploymentId: string | null;
  instanceId: string | null;
  workerId: string | null;
  sessionId: string | null;
  changedAt: string;
  notBefore: string | null;
  /** Sessions that its present instance was given. */
  served: number;
}
export interface Claim {
  slotId: string;
  epoch: number;
  instanceId: string;
  deploymentId: string;
  workerId: string | null;
  /** The instance was ready and idle. */
  warm: boolean;
}

/** A sort of slot that a session may be given. One that is empty is filled with that deployment. */
export interface ClaimChoice {
  state: 'ready' | 'starting' | 'empty';
  deploymentId: string;
}

export interface ClaimOrder {
  agentId: string;
  /** Best first. */
  choices: readonly ClaimChoice[];
  sessionId: string;
  /** For an empty slot. */
  newInstanceId: string;
  /** No more sessions than this on one instance; null for no limit. */
  maxSessions: number | null;
  /** Workers that can be reached: their instances come first. */
  workerIds: readonly string[];
}

const inUse: readonly SlotState[] = ['starting', 'ready', 'claimed', 'settling', 'quarantined', 'retiring'];

/** Times that a claim waits for a slot that somebody else is changing, before the agent counts as full. */
const lockedAttempts = 5;

/** What a slot becomes when its session is over. */
export type ReleasedSlot = 'settling' | 'retiring' | 'quarantined' | 'fenced' | 'ready' | 'starting';

/** The only place where an instance changes hands; what it was idle for is noted as it leaves `ready`. */
export function createSlotRepository({ db, dialect }: RepositoryContext) {
  return {
    /**
     * Hands the best free slot to one session, by the order of `choices`, of like ones the oldest; one whose worker is away comes
     * last. Undefined when every slot is taken. Call it in a transaction with the session's row.
     */
    async claim(order: ClaimOrder, now: Date): Promise<Claim | undefined> {
      const { agentId, choices, sessionId, newInstanceId, maxSessions, workerIds } = order;
      const slots = db
        .selectFrom('slot')
        .select(['id', 'state', 'instance_id', 'deployment_id', 'organization_id', 'changed_at'])
        .where('agent_id', '=', agentId)
        .where('spare', '=', 0)
        .orderBy('changed_at')
        .limit(1);
      const free = slots
        .clearOrderBy()
        .where((eb) => eb.or(choices.map((choice) => fits(choice))))
        .$if(maxSessions !== null, (query) =>
          query.where((eb) => eb.or([eb('state', '=', 'empty'), eb('served', '<', maxSessions as number)])),
        )
        .$if(workerIds.length > 0, (query) =>
          query.orderBy((eb) =>
            eb
              .case()
              .when(eb.and([eb('worker_id', 'is not', null), eb('worker_id', 'not in', workerIds)]))
              .then(1)
              .else(0)
              .end(),
          ),
        )
        .orderBy(rankBy(choices))
        .orderBy('changed_at');
      // Without the lock, concurrent callers on Postgres race for one row and the losers see "none free".
      const unlocked = (query: typeof slots) =>
        query.$if(dialect === 'postgres', (found) => found.forUpdate().skipLocked()).executeTakeFirst();
      // Where one of the best sort is free, no other comes before it; found by itself it costs half.
      const [first] = choices;
      let best =
        first?.state === 'ready' && workerIds.length > 0
          ? await unlocked(
              slots
                .where('state', '=', 'ready')
                .where('deployment_id', '=', first.deploymentId)
                .where('worker_id', 'in', workerIds)
                .$if(maxSessions !== null, (query) => query.where('served', '<', maxSessions as number)),
            )
          : undefined;
      best ??= await unlocked(free);
      // A row that was skipped may be free all the same: whoever holds it may be about to let go, or only to give it a worker.
      for (let n = 0; !best && dialect === 'postgres' && n < lockedAttempts; n++) {
        if (!(await free.executeTakeFirst())) return undefined;
        best = await free.forUpdate().executeTakeFirst();
      }
      if (!best) return undefined;
      const deploymentId =
        best.state === 'empty' ? choices.find(({ state }) => state === 'empty')?.deploymentId : best.deployment_id;
      if (!deploymentId) return undefined;
      const row = await db
        .updateTable('slot')
        .set((eb) => ({
          state: 'claimed',
          session_id: sessionId,
          epoch: eb('epoch', '+', 1),
          deployment_id: deploymentId,
          instance_id: best.instance_id ?? newInstanceId,
          served: best.instance_id === null ? 1 : eb('served', '+', 1),
          changed_at: now.toISOString(),
          not_before: null,
        }))
        .where('id', '=', best.id)
        .where('state', '=', best.state)
        .returning(['id', 'epoch', 'instance_id', 'worker_id'])
        .executeTakeFirst();
      if (!row?.instance_id) return undefined;
      if (best.state === 'ready') {
        await addStretch(db, {
          organizationId: best.organization_id,
          agentId,
          kind: 'idle',
          beganAt: best.changed_at,
          endedAt: now.toISOString(),
        });
      }
      return {
        slotId: row.id,
        epoch: row.epoch,
        instanceId: row.instance_id,
        deploymentId,
        workerId: row.worker_id,
        warm: best.state === 'ready',
      };
    },

    /**
     * After a session: the instance is not offered again before its worker says that the bot is done, never once quarantined, and at
     * once (`ready`, `starting`) where it was never told of the session. `fenced` takes the next epoch as well: whatever the worker
     * still has in hand for this one is void. Guarded by session and epoch.
     */
    async release(sessionId: string, epoch: number, to: ReleasedSlot, now: Date): Promise<void> {
      await db
        .updateTable('slot')
        .set((eb) => ({
          state: to === 'fenced' ? 'quarantined' : to,
          session_id: null,
          changed_at: now.toISOString(),
          ...(to === 'fenced' ? { epoch: eb('epoch', '+', 1) } : {}),
        }))
        .where('session_id', '=', sessionId)
        .where('epoch', '=', epoch)
        .execute();
    },

    async insert(slots: readonly Slot[]): Promise<void> {
      if (slots.length === 0) return;
      await db
        .insertInto('slot')
        .values(
          slots.map((slot) => ({
            id: slot.id,
            organization_id: slot.organizationId,
            agent_id: slot.agentId,
            spare: slot.spare ? 1 : 0,
            state: slot.state,
            epoch: slot.epoch,
            changed_at: slot.changedAt,
            served: slot.served,
          })),
        )
        .execute();
    },

    async listOfAgent(organizationId: string, agentId: string): Promise<Slot[]> {
      const rows = await db
        .selectFrom('slot')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .orderBy('id')
        .execute();
      return rows.map(toSlot);
    },

    /** Every slot of every organization: for the reconciler alone. */
    async listAll(): Promise<Slot[]> {
      return (await db.selectFrom('slot').selectAll().execute()).map(toSlot);
    },

    /**
     * All slots of those agents that are not at rest: one has an instance, or should have, or its deployment is not settled, or it
     * is deleted. An agent that is scaled to zero and whose deployment is live needs nothing, however many slots it has.
     */
    async listUnsettled(): Promise<Slot[]> {
      const rows = await db
        .selectFrom('slot')
        .selectAll()
        .where('agent_id', 'in', (eb) =>
          eb
            .selectFrom('agent')
            .select('id')
            .where((agent) =>
              agent.or([
                agent('deleted_at', 'is not', null),
                agent('min_agents', '>', 0),
                agent('desired_deployment_id', 'is distinct from', agent.ref('live_deployment_id')),
                agent('desired_deployment_id', 'is distinct from', agent.ref('reconciled_deployment_id')),
              ]),
            )
            // Not `<> 'empty'`, which no index helps to find.
            .unionAll(eb.selectFrom('slot').select('agent_id as id').where('state', 'in', inUse)),
        )
        .execute();
      return rows.map(toSlot);
    },

    /**
     * Moves a slot on, if it is still as it was read. Call it in a transaction where it may be a ready one; `readyUntil` is when that
     * stopped being so, where it was before now.
     */
    async change(
      slot: Slot,
      to: Partial<Pick<Slot, 'state' | 'deploymentId' | 'instanceId' | 'workerId' | 'spare' | 'notBefore'>>,
      now: Date,
      readyUntil = now,
    ): Promise<boolean> {
      const result = await db
        .updateTable('slot')
        .set({
          ...(to.state === undefined ? {} : { state: to.state, changed_at: now.toISOString() }),
          ...(to.deploymentId === undefined ? {} : { deployment_id: to.deploymentId }),
          // Another instance, or none, has served nobody.
          ...(to.instanceId === undefined ? {} : { instance_id: to.instanceId, served: 0 }),
          ...(to.workerId === undefined ? {} : { worker_id: to.workerId }),
          ...(to.spare === undefined ? {} : { spare: to.spare ? 1 : 0 }),
          ...(to.notBefore === undefined ? {} : { not_before: to.notBefore }),
        })
        .where('id', '=', slot.id)
        .where('state', '=', slot.state)
        .where('epoch', '=', slot.epoch)
        .where('instance_id', slot.instanceId === null ? 'is' : '=', slot.instanceId)
        .executeTakeFirst();
      const changed = Number(result.numUpdatedRows) === 1;
      if (changed && slot.state === 'ready' && to.state !== undefined) {
        const { organizationId, agentId, changedAt: beganAt } = slot;
        await addStretch(db, { organizationId, agentId, kind: 'idle', beganAt, endedAt: readyUntil.toISOString() });
      }
      return changed;
    },

    /** Removes a slot, if it is still as it was read. */
    async remove(slot: Slot): Promise<boolean> {
      const result = await db
        .deleteFrom('slot')
        .where('id', '=', slot.id)
        .where('state', '=', slot.state)
        .where('epoch', '=', slot.epoch)
        .executeTakeFirst();
      return Number(result.numDeletedRows) === 1;
    },
  };
}

const fits = ({ state, deploymentId }: ClaimChoice) =>
  state === 'empty'
    ? sql<boolean>`(state = 'empty')`
    : sql<boolean>`(state = ${state} and deployment_id = ${deploymentId})`;

const rankBy = (choices: readonly ClaimChoice[]) =>
  sql<number>`case ${sql.join(
    choices.map((choice, rank) => sql`when ${fits(choice)} then cast(${rank} as integer)`),
    sql` `,
  )} end`;

function toSlot(row: Selectable<Schema['slot']>): Slot {
  return {
    id: row.id,
    organizationId: row.organization_id,
    agentId: row.agent_id,
    spare: row.spare === 1,
    state: row.state as SlotState,
    epoch: row.epoch,
    deploymentId: row.deployment_id,
    instanceId: row.instance_id,
    workerId: row.worker_id,
    sessionId: row.session_id,
    changedAt: row.changed_at,
    notBefore: row.not_before,
    served: row.served,
  };
}

import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import { prepared } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';
import { addStretch } from '../usage/usage-day-repository.js';
import { createFreeSlots, type SlotWish } from './free-slot.js';

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

export interface ClaimOrder extends SlotWish {
  sessionId: string;
  /** For an empty slot. */
  newInstanceId: string;
}

const inUse: readonly SlotState[] = ['starting', 'ready', 'claimed', 'settling', 'quarantined', 'retiring'];

/** What a slot becomes when its session is over. */
export type ReleasedSlot = 'settling' | 'retiring' | 'quarantined' | 'fenced' | 'ready' | 'starting';

interface Taking {
  id: string;
  state: string;
  sessionId: string;
  deploymentId: string;
  newInstanceId: string;
  at: string;
}
/** Nothing, where it is no longer in the state in which it was found. */
const take = prepared((db, { id, state, sessionId, deploymentId, newInstanceId, at }: Taking) =>
  db
    .updateTable('slot')
    .set((eb) => ({
      state: 'claimed' satisfies SlotState,
      session_id: sessionId,
      epoch: eb('epoch', '+', 1),
      deployment_id: deploymentId,
      instance_id: sql<string>`coalesce(instance_id, ${newInstanceId})`,
      served: sql<number>`case when instance_id is null then 1 else served + 1 end`,
      changed_at: at,
      not_before: null,
    }))
    .where('id', '=', id)
    .where('state', '=', state)
    .returning(['id', 'epoch', 'instance_id', 'worker_id']),
);

interface LettingGo {
  sessionId: string;
  epoch: number;
  nextEpoch: number;
  state: SlotState;
  /** Of the sessions that its instance is counted to have had, how many it was not told of. */
  untold: 0 | 1;
  at: string;
}
const letGo = prepared((db, { sessionId, epoch, nextEpoch, state, untold, at }: LettingGo) =>
  db
    .updateTable('slot')
    .set((eb) => ({
      state,
      session_id: null,
      epoch: nextEpoch,
      served: eb('served', '-', untold),
      changed_at: at,
    }))
    .where('session_id', '=', sessionId)
    .where('epoch', '=', epoch),
);

/** The only place where an instance changes hands; what it was idle for is noted as it leaves `ready`. */
export function createSlotRepository(context: RepositoryContext) {
  const { db, dialect } = context;
  const findFree = createFreeSlots(context);
  // In the order in which everyone takes them: two that wait for each other would both fail.
  const ofAgent = (organizationId: string, agentId: string) =>
    db
      .selectFrom('slot')
      .selectAll()
      .where('organization_id', '=', organizationId)
      .where('agent_id', '=', agentId)
      .orderBy('id');

  return {
    /**
     * Hands the best free slot to one session, by the order of `choices`, of like ones the oldest; one whose worker is away comes
     * last. Undefined when every slot is taken. Call it in a transaction with the session's row.
     */
    async claim(order: ClaimOrder, now: Date): Promise<Claim | undefined> {
      const { agentId, choices, sessionId, newInstanceId } = order;
      const best = await findFree(order);
      if (!best) return undefined;
      const deploymentId =
        best.state === 'empty' ? choices.find(({ state }) => state === 'empty')?.deploymentId : best.deployment_id;
      if (!deploymentId) return undefined;
      const { id, state } = best;
      const at = now.toISOString();
      const { rows } = await take(db, { id, state, sessionId, deploymentId, newInstanceId, at });
      const [row] = rows;
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
     * once (`ready`, `starting`) where it was never told of the session, which then does not count as one that it was given. `fenced`
     * takes the next epoch as well: whatever the worker still has in hand for this one is void. Guarded by session and epoch.
     */
    async release(sessionId: string, epoch: number, to: ReleasedSlot, now: Date): Promise<void> {
      const fenced = to === 'fenced';
      const state = fenced ? 'quarantined' : to;
      const untold = to === 'ready' || to === 'starting' ? 1 : 0;
      await letGo(db, { sessionId, epoch, nextEpoch: epoch + (fenced ? 1 : 0), state, untold, at: now.toISOString() });
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
      return (await ofAgent(organizationId, agentId).execute()).map(toSlot);
    },

    /** The same, and no other transaction changes one of them before this one has ended. */
    async holdOfAgent(organizationId: string, agentId: string): Promise<Slot[]> {
      const rows = await ofAgent(organizationId, agentId)
        .$if(dialect === 'postgres', (query) => query.forUpdate())
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

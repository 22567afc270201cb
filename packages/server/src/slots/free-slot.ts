import { sql } from 'kysely';
import { prepared } from '../db/prepared.js';
import type { RepositoryContext } from '../db/store.js';
import type { SlotState } from './slot-repository.js';

/** A sort of slot that a session may be given. One that is empty is filled with that deployment. */
export interface ClaimChoice {
  state: 'ready' | 'starting' | 'empty';
  deploymentId: string;
}

/** What a session asks of a slot. */
export interface SlotWish {
  agentId: string;
  /** Best first. */
  choices: readonly ClaimChoice[];
  /** No more sessions than this on one instance; null for no limit. */
  maxSessions: number | null;
  /** Workers that can be reached: their instances come first. */
  workerIds: readonly string[];
}

/** Times that a claim waits for a slot that somebody else is changing, before the agent counts as full. */
const lockedAttempts = 5;
/** As many as a column of that type holds. */
const noLimit = 2 ** 31 - 1;

const columns = ['id', 'state', 'instance_id', 'worker_id', 'deployment_id', 'organization_id', 'changed_at'] as const;

type Ready = { agentId: string; deploymentId: string; maxSessions: number };
/** The oldest idle instance of one deployment: the index has it first. */
const oldestReady = (locking: boolean) =>
  prepared((db, { agentId, deploymentId, maxSessions }: Ready) =>
    db
      .selectFrom('slot')
      .select(columns)
      .where('agent_id', '=', agentId)
      .where('spare', '=', 0)
      .where('state', '=', 'ready' satisfies SlotState)
      .where('deployment_id', '=', deploymentId)
      .where('served', '<', maxSessions)
      .orderBy('changed_at')
      .limit(1)
      .$if(locking, (found) => found.forUpdate().skipLocked()),
  );
const oldestReadyOf = { sqlite: oldestReady(false), postgres: oldestReady(true) };

/** Finds the slot that a claim takes, and locks it where there are others who might. */
export function createFreeSlots({ db, dialect }: RepositoryContext) {
  /** The best by the order of `choices`, of like ones the oldest; one whose worker is away comes last. */
  function anyFree({ agentId, choices, maxSessions, workerIds }: SlotWish) {
    return db
      .selectFrom('slot')
      .select(columns)
      .where('agent_id', '=', agentId)
      .where('spare', '=', 0)
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
      .orderBy('changed_at')
      .limit(1);
  }

  return async (wish: SlotWish) => {
    const { agentId, choices, maxSessions, workerIds } = wish;
    const [first] = choices;
    if (first?.state === 'ready') {
      const { deploymentId } = first;
      const { rows } = await oldestReadyOf[dialect](db, { agentId, deploymentId, maxSessions: maxSessions ?? noLimit });
      // Where the best of the best sort is free, no other comes before it; found by itself it costs a part.
      if (rows[0]?.worker_id && workerIds.includes(rows[0].worker_id)) return rows[0];
    }
    const free = anyFree(wish);
    // Without the lock, concurrent callers on Postgres race for one row and the losers see "none free".
    let best = await free.$if(dialect === 'postgres', (found) => found.forUpdate().skipLocked()).executeTakeFirst();
    // A row that was skipped may be free all the same: whoever holds it may be about to let go, or only to give it a worker.
    for (let n = 0; !best && dialect === 'postgres' && n < lockedAttempts; n++) {
      if (!(await free.executeTakeFirst())) return undefined;
      best = await free.forUpdate().executeTakeFirst();
    }
    return best;
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

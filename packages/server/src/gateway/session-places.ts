import type { Store } from '../db/store.js';
import { notFound, unavailable } from '../errors.js';
import type { Session } from '../sessions/session-repository.js';
import type { WorkerChannel } from '../workers/worker-channel.js';

export interface Place {
  dataUrl: string;
  instanceId: string;
  sessionId: string;
  epoch: number;
}
/** A cold start is waited out (contract §8.9): browser clients give up after three attempts otherwise. */
const holdMs = 60_000;

/** Where a session's instance is reached. */
export function createSessionPlaces({ store, workers }: { store: Store; workers: WorkerChannel }) {
  async function settled(session: Session, deadline: number): Promise<Session> {
    let current: Session | undefined = session;
    while (current?.state === 'starting' && Date.now() < deadline) {
      await nextChange(deadline);
      current = await store.sessions.find(session.organizationId, session.agentId, session.id);
    }
    return current ?? session;
  }

  /** Workers tell every change; the short limit covers a change that happened in the database alone. */
  function nextChange(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, Math.min(250, deadline - Date.now())));
      const unsubscribe = workers.subscribe(done);
    });
  }

  return {
    /** Throws 404 when the session has ended, 503 when its worker is away. */
    async of(session: Session): Promise<Place> {
      const { id, state, instanceId, epoch } =
        session.state === 'starting' ? await settled(session, Date.now() + holdMs) : session;
      if (state === 'ended' || !instanceId) throw notFound('Running session', id);
      if (state === 'starting') throw unavailable(`Session ${id} is still starting. Try again`);
      const dataUrl = workers.dataUrl(workers.locate(session.organizationId, instanceId)?.workerId ?? '');
      if (!dataUrl)
        throw unavailable(`The worker that holds session ${id} cannot be reached; the session goes on. Try again`);
      return { dataUrl, instanceId, sessionId: id, epoch };
    },
  };
}
export type SessionPlaces = ReturnType<typeof createSessionPlaces>;

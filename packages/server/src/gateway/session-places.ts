import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';
import type { Store } from '../db/store.js';
import { notFound, standby, unavailable } from '../errors.js';
import type { Session } from '../sessions/session-repository.js';
import type { SessionService } from '../sessions/session-service.js';
import type { WorkerChannel } from '../workers/worker-channel.js';

export interface Place {
  dataUrl: string;
  instanceId: string;
  sessionId: string;
  epoch: number;
}
/** A cold start is waited out (contract §8.9): browser clients give up after three attempts otherwise. */
const holdMs = 60_000;

/** A session's instance never changes, and its worker refuses what comes after its end: this is about how many, not how long. */
const remembered = { ...atMost(10_000), ttl: 60_000 };

interface PlaceDeps {
  store: Store;
  workers: WorkerChannel;
  sessions: Pick<SessionService, 'find'>;
}

/** Where a session's instance is reached. */
export function createSessionPlaces({ store, workers, sessions }: PlaceDeps) {
  const running = new LRUCache<string, Session>(remembered);

  async function settled(session: Session, deadline: number): Promise<Session> {
    let current: Session | undefined = session;
    while (current?.state === 'starting' && performance.now() < deadline) {
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
      const timer = setTimeout(done, Math.max(0, Math.min(250, deadline - performance.now())));
      const unsubscribe = workers.subscribe(done);
    });
  }

  const dataUrlOf = ({ organizationId, instanceId }: Session) =>
    workers.dataUrl(workers.locate(organizationId, instanceId ?? '')?.workerId ?? '');

  async function lookUp(organizationId: string, agentName: string, sessionId: string): Promise<Session> {
    const key = `${organizationId}/${agentName}/${sessionId}`;
    const known = running.get(key);
    // One whose instance is not to be seen may have ended.
    if (known && dataUrlOf(known)) return known;
    if (workers.standsBy()) throw standby();
    running.delete(key);
    const found = await sessions.find(organizationId, agentName, sessionId);
    const session = found.state === 'starting' ? await settled(found, performance.now() + holdMs) : found;
    if (session.state === 'active') running.set(key, session);
    return session;
  }

  return {
    /**
     * Throws 404 for a session that is unknown, of another agent or organization, or has ended, and 503 when its worker is away. For a
     * moment after its end a session may still have a place: its worker then says so.
     */
    async find(organizationId: string, agentName: string, sessionId: string): Promise<Place> {
      const session = await lookUp(organizationId, agentName, sessionId);
      const { id, state, instanceId, epoch } = session;
      if (state === 'ended' || !instanceId) throw notFound('Running session', id);
      if (state === 'starting') throw unavailable(`Session ${id} is still starting. Try again`);
      const dataUrl = dataUrlOf(session);
      if (!dataUrl)
        throw unavailable(`The worker that holds session ${id} cannot be reached; the session goes on. Try again`);
      return { dataUrl, instanceId, sessionId: id, epoch };
    },
  };
}
export type SessionPlaces = ReturnType<typeof createSessionPlaces>;

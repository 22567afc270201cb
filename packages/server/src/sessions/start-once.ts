import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StartBody } from '@pipecat-cloud/contract/sessions';
import type { Agent } from '../agents/agent-repository.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, badRequest, unavailable } from '../errors.js';
import type { Clock } from '../system.js';
import { neverBegan } from './end-states.js';

/** A caller may send the same start again for so long. */
const keptMs = 24 * 60 * 60 * 1000;
const longestKey = 255;

/** An `Idempotency-Key` with a digest of what it came with. */
export interface Once {
  key: string;
  bodyDigest: string;
}

/** Reads the header of a start; undefined without one. How long a caller would wait is no part of what it asks for. */
export function onceOf(header: string | string[] | undefined, request: StartBody): Once | undefined {
  if (header === undefined) return undefined;
  const key = String(header);
  if (key.length > longestKey || !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(key)) {
    throw badRequest(`Idempotency-Key takes 1 to ${longestKey} printable ASCII characters, such as a UUID`);
  }
  const { waitSeconds: _, ...asked } = request;
  return { key, bodyDigest: createHash('sha256').update(JSON.stringify(asked)).digest('hex') };
}

interface Waiting {
  /** How long it waits for another control plane that is at it. */
  deadlineMs: number;
  /** See `StartOrder`. */
  gone: AbortSignal | undefined;
}
interface UnderWay {
  bodyDigest: string;
  done: Promise<string>;
  /** Of the caller that it was begun for. */
  gone: AbortSignal | undefined;
}

/** Another start has taken the key since it was looked for. */
class KeyTaken extends Error {}

/** Has each start with an `Idempotency-Key` happen once, whoever sends it again and to whichever control plane. */
export function createStartOnce({ store, clock }: { store: Store; clock: Clock }) {
  const underWay = new Map<string, UnderWay>();

  /** The session that the key has made; `failed` when that never began. Undefined when the key is new. */
  async function known(agent: Agent, { key, bodyDigest }: Once) {
    const found = await store.startKeys.find(
      { organizationId: agent.organizationId, agentId: agent.id, key },
      clock.now(),
    );
    if (!found) return undefined;
    if (found.bodyDigest !== bodyDigest) throw otherBody(key);
    const session = await store.sessions.find(agent.organizationId, agent.id, found.sessionId);
    // None yet where a socket is still to come.
    const failed = session !== undefined && neverBegan(session);
    return { sessionId: found.sessionId, failed, starting: session?.state === 'starting' };
  }

  async function run(
    agent: Agent,
    once: Once,
    begin: (takeKey: TakeKey) => Promise<string>,
    deadlineMs: number,
  ): Promise<string> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const before = await known(agent, once);
      if (before && !before.failed && !before.starting) return before.sessionId;
      if (before?.starting) {
        // Another control plane is at it, or was when it went down.
        if (performance.now() > until)
          throw unavailable('The first start with this Idempotency-Key is not done yet. Try again');
        await delay(100);
        continue;
      }
      try {
        return await begin(async (repos, sessionId) => {
          const now = clock.now();
          const { organizationId, id: agentId } = agent;
          const expiresAt = new Date(now.getTime() + keptMs).toISOString();
          const taken = { organizationId, agentId, ...once, sessionId, expiresAt };
          if (!(await repos.startKeys.take(taken, before?.sessionId, now))) throw new KeyTaken();
        });
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
      }
    }
  }

  return {
    /**
     * Resolves with the id of the session that the key stands for, begun by `begin` unless it was before. A start that failed may be
     * tried again with its key; one that was given up because its caller went is begun anew for who has joined it. Throws 422 when the
     * key came with another body.
     */
    async start(
      agent: Agent,
      once: Once,
      begin: (takeKey: TakeKey) => Promise<string>,
      { deadlineMs, gone }: Waiting,
    ): Promise<string> {
      const name = `${agent.id} ${once.key}`;
      for (let joined = underWay.get(name); joined; joined = underWay.get(name)) {
        if (joined.bodyDigest !== once.bodyDigest) throw otherBody(once.key);
        try {
          return await joined.done;
        } catch (error) {
          if (!joined.gone?.aborted || error !== joined.gone.reason) throw error;
          gone?.throwIfAborted();
        }
      }
      const done = run(agent, once, begin, deadlineMs).finally(() => underWay.delete(name));
      underWay.set(name, { bodyDigest: once.bodyDigest, done, gone });
      return await done;
    },
  };
}
export type StartOnce = ReturnType<typeof createStartOnce>;

/** Stores the key with the session that it makes: call it in the transaction that makes the session. */
export type TakeKey = (repos: Repositories, sessionId: string) => Promise<void>;

const otherBody = (key: string) =>
  new AppError(
    422,
    'IDEMPOTENCY_KEY_REUSED',
    `Idempotency-Key '${key}' came with another request before, so nothing was started. Send the same request, or use a new key`,
  );

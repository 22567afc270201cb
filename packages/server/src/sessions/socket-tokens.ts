import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Repositories, Store } from '../db/store.js';
import type { Clock, Ids } from '../system.js';

/** Signed, one use, 5 minutes (contract §8.6.2). */
const lifetimeSeconds = 300;

interface Payload {
  /** `{agent}.{organization}` */
  sh: string;
  exp: number;
  nonce: string;
}
export interface SocketTarget {
  organizationId: string;
  agentId: string;
  serviceHost: string;
}

export function createSocketTokens({ store, clock, ids, key }: { store: Store; clock: Clock; ids: Ids; key: Buffer }) {
  const signatureOf = (payload: string) => createHmac('sha256', key).update(`socket-token:${payload}`).digest();

  return {
    async issue(repos: Pick<Repositories, 'socketTokens'>, target: SocketTarget, sessionId: string): Promise<string> {
      const exp = Math.floor(clock.now().getTime() / 1000) + lifetimeSeconds;
      const nonce = ids.hex(16);
      await repos.socketTokens.insert({
        nonce,
        organizationId: target.organizationId,
        agentId: target.agentId,
        sessionId,
        expiresAt: new Date(exp * 1000).toISOString(),
      });
      const payload = Buffer.from(JSON.stringify({ sh: target.serviceHost, exp, nonce } satisfies Payload)).toString(
        'base64url',
      );
      return `${payload}.${signatureOf(payload).toString('base64url')}`;
    },

    /** The session id that the token was made for, once; undefined for anything else. */
    async use(token: string, target: SocketTarget): Promise<string | undefined> {
      if (token.length > 2048) return undefined;
      const [payload, signature, more] = token.split('.');
      if (!payload || !signature || more !== undefined) return undefined;
      const sent = Buffer.from(signature, 'base64url');
      const expected = signatureOf(payload);
      if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) return undefined;
      const { sh, exp, nonce } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Payload;
      if (sh !== target.serviceHost || exp * 1000 <= clock.now().getTime()) return undefined;
      return await store.socketTokens.use(target.agentId, nonce, clock.now());
    },

    /**
     * Nothing was taken for it, so that it may be tried again while its time lasts. False where a session was made for it, also one that
     * has failed by now: whoever was told of that session would look for the call in it.
     */
    async giveBack({ agentId }: SocketTarget, sessionId: string): Promise<boolean> {
      return await store.transaction(async (repos) => {
        if (await repos.sessions.exists(sessionId)) return false;
        await repos.socketTokens.giveBack(agentId, sessionId);
        return true;
      });
    },
  };
}
export type SocketTokens = ReturnType<typeof createSocketTokens>;

import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { HopClaims } from '@pipecat-cloud/contract/worker';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../system.js';

const lifetimeSeconds = 60;

/** Signs hops to a worker's data port: it accepts nothing that this control plane did not mean for that session. */
export function createHopSigner(key: KeyObject, clock: Clock) {
  // A signature costs more than the rest of a hop, and one session makes many.
  const signed = new LRUCache<string, string>({ max: 10_000, ttl: (lifetimeSeconds / 2) * 1000 });

  return {
    /** SPKI, base64: what workers verify with. */
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'),

    sign(target: Pick<HopClaims, 'instanceId' | 'sessionId' | 'epoch'>): string {
      const cacheKey = `${target.instanceId} ${target.sessionId} ${target.epoch}`;
      const known = signed.get(cacheKey);
      if (known) return known;
      const claims: HopClaims = {
        instanceId: target.instanceId,
        sessionId: target.sessionId,
        epoch: target.epoch,
        expires: Math.floor(clock.now().getTime() / 1000) + lifetimeSeconds,
      };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const value = `${payload}.${sign(null, Buffer.from(payload), key).toString('base64url')}`;
      signed.set(cacheKey, value);
      return value;
    },
  };
}
export type HopSigner = ReturnType<typeof createHopSigner>;

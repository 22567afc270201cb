import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { HopClaims } from '@pipecat-cloud/contract/worker';
import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';
import type { Clock } from '../system.js';

const lifetimeSeconds = 60;

/** Signs hops to a worker's data port: it accepts nothing that this control plane did not mean for that session. */
export function createHopSigner(key: KeyObject, clock: Clock) {
  // A signature costs more than the rest of a hop, and one session makes many.
  const signed = new LRUCache<string, { value: string; expires: number }>(atMost(10_000));

  return {
    /** SPKI, base64: what workers verify with. */
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'),

    sign(target: Pick<HopClaims, 'instanceId' | 'sessionId' | 'epoch'>): string {
      const cacheKey = `${target.instanceId} ${target.sessionId} ${target.epoch}`;
      const now = Math.floor(clock.now().getTime() / 1000);
      const known = signed.get(cacheKey);
      // By the clock that it is checked by: that may have been set meanwhile, forward or back.
      if (known && known.expires - now > lifetimeSeconds / 2 && known.expires - now <= lifetimeSeconds)
        return known.value;
      const claims: HopClaims = {
        instanceId: target.instanceId,
        sessionId: target.sessionId,
        epoch: target.epoch,
        expires: now + lifetimeSeconds,
      };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const value = `${payload}.${sign(null, Buffer.from(payload), key).toString('base64url')}`;
      signed.set(cacheKey, { value, expires: claims.expires });
      return value;
    },
  };
}
export type HopSigner = ReturnType<typeof createHopSigner>;

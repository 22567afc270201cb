import { sourceOf } from '../access/networks.js';
import { tooManyRequests, unavailable } from '../errors.js';

interface HandshakeLimits {
  /** Of all sources together. */
  atOnce?: number;
  /** Of one: a provider of telephony calls from few addresses, and all of its calls are through within a second. */
  ofOneSource?: number;
}

/** Counts calls whose agent is not known yet, so that nobody takes the places of all others without a credential. */
export function createHandshakes({ atOnce = 1000, ofOneSource = 200 }: HandshakeLimits = {}) {
  const bySource = new Map<string, number>();
  let all = 0;

  return {
    /** Takes a place, until the returned function is called once. Throws 429 or 503 where there is none. */
    enter(address: string): () => void {
      const source = sourceOf(address);
      const own = bySource.get(source) ?? 0;
      if (own >= ofOneSource)
        throw tooManyRequests(`Too many calls from ${address} are being set up at this moment`, 1);
      if (all >= atOnce) throw unavailable('Too many calls are being set up at this moment. Try again');
      bySource.set(source, own + 1);
      all++;
      return () => {
        const left = (bySource.get(source) ?? 1) - 1;
        if (left > 0) bySource.set(source, left);
        else bySource.delete(source);
        all--;
      };
    },
  };
}
export type Handshakes = ReturnType<typeof createHandshakes>;

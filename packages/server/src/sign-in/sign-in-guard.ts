import type { Actor } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { AppError } from '../errors.js';
import type { Clock } from '../system.js';

/**
 * What all ways of signing in share: failures and requests are counted by source address, never by account, so nobody can lock out
 * somebody else; refusals are recorded.
 */
export function createSignInGuard({ store, clock, audit }: { store: Store; clock: Clock; audit: Audit }) {
  const failures = createThrottle({ clock, limit: 20, windowSeconds: 600 });
  const mails = createThrottle({ clock, limit: 30, windowSeconds: 600 });
  // Of one mailbox: nobody else's share is used up by it.
  const mailsTo = createThrottle({ clock, limit: 5, windowSeconds: 3600 });
  // Higher: the sign-in page asks for a challenge each time it is opened, and a team may share an address.
  const challenges = createThrottle({ clock, limit: 300, windowSeconds: 600 });
  const count = (throttle: typeof mails, { address }: Actor) => {
    if (!address) return;
    throttle.check(address);
    throttle.fail(address);
  };

  return {
    /** Throws 429 for an address that failed too often. Call before the work. */
    check: ({ address }: Actor) => address && failures.check(address),
    /** `to`: where anybody may name the mailbox. */
    countMail(actor: Actor, to?: string): void {
      count(mails, actor);
      if (to !== undefined) count(mailsTo, { ...actor, address: actor.address && `${actor.address} ${to}` });
    },
    countChallenge: (actor: Actor) => count(challenges, actor),
    /** Counts and records a refusal, then throws it. */
    async refuse(actor: Actor, action: string, error: AppError): Promise<never> {
      if (actor.address) failures.fail(actor.address);
      await store.transaction((repos) => audit.record(repos, actor, { action, organizationId: null }));
      throw error;
    },
  };
}
export type SignInGuard = ReturnType<typeof createSignInGuard>;

import { hash } from 'node:crypto';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Store } from '../db/store.js';
import type { Clock, Ids } from '../system.js';
import { createCookie } from './cookies.js';
import type { AttemptPurpose, SignInAttempt } from './sign-in-attempt-repository.js';

interface BrowserAttemptsDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  digests: CredentialDigests;
  publicUrl: string;
}
type Details = Partial<Pick<SignInAttempt, 'userId' | 'sessionId' | 'nextPath'>>;

/** How long a challenge or a redirect may take. */
const attemptMinutes = 5;

/**
 * One challenge or redirect under way, bound to the browser that began it: a random value lies in its cookie alone, the database
 * has the digest, and all that is sent elsewhere (challenge, state, nonce, verifier) is derived from the value. An answer that comes
 * from another browser, late, or a second time finds nothing.
 */
export function createBrowserAttempts({ store, clock, ids, digests, publicUrl }: BrowserAttemptsDeps) {
  const cookies = {
    passkey: createCookie(publicUrl, 'pipecat_passkey'),
    oidc: createCookie(publicUrl, 'pipecat_oidc'),
  };
  const cookieOf = (purpose: AttemptPurpose) => (purpose === 'oidc' ? cookies.oidc : cookies.passkey);

  return {
    /** `secret` is what `derive` takes; never send it. */
    async begin(purpose: AttemptPurpose, details: Details = {}): Promise<{ secret: string; setCookie: string }> {
      const now = clock.now();
      const secret = ids.hex(20);
      await store.signInAttempts.prune(now);
      await store.signInAttempts.insert({
        digest: digests.current(`attempt:${secret}`).digest,
        purpose,
        userId: details.userId ?? null,
        sessionId: details.sessionId ?? null,
        nextPath: details.nextPath ?? null,
        expiresAt: new Date(now.getTime() + attemptMinutes * 60_000),
      });
      return { secret, setCookie: cookieOf(purpose).set(secret, attemptMinutes * 60) };
    },

    /** The attempt of this browser, which is over with this call. */
    async take(purpose: AttemptPurpose, cookieHeader: string | undefined) {
      const secret = cookieOf(purpose).read(cookieHeader);
      if (!secret) return undefined;
      const candidates = digests.candidates(`attempt:${secret}`);
      const attempt = await store.signInAttempts.take(candidates, purpose, clock.now());
      return attempt && { ...attempt, secret };
    },

    clear: (purpose: AttemptPurpose) => cookieOf(purpose).set('', 0),
  };
}
export type BrowserAttempts = ReturnType<typeof createBrowserAttempts>;

/** 32 bytes that say nothing of the secret they come from, nor of one another. */
export function derive(secret: string, label: 'challenge' | 'state' | 'nonce' | 'verifier'): Buffer {
  return hash('sha256', `${label}:${secret}`, 'buffer');
}

import type { PasskeyAssertion } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import { AppError } from '../errors.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { OwnSession } from './own-session.js';
import { createPasskeyProof, type PasskeyProofDeps } from './passkey-proof.js';
import { requireOffered } from './passkey-site.js';
import { recordSignIn } from './sign-in-service.js';

/**
 * Signing in and confirming by passkey (WebAuthn): discoverable, always with user verification. The list of a person's credentials is
 * never sent before they have signed in, so the sign-in page says nothing of anybody.
 */
export function createPasskeyService(deps: PasskeyProofDeps & { sessions: DashboardSessions }) {
  const { store, audit, sessions, guard, site } = deps;
  const proof = createPasskeyProof(deps);

  return {
    offered: site.offered,

    /** Options for a sign-in by whatever passkey the person picks. */
    async signInOptions(actor: Actor) {
      requireOffered(site);
      guard.countChallenge(actor);
      return await proof.challenge('passkey_sign_in');
    },

    /** Returns a `Set-Cookie` header. Throws 401, always the same one. */
    async signIn(actor: Actor, response: PasskeyAssertion, cookies: string | undefined): Promise<string> {
      const text =
        'This passkey was not accepted: it is unknown here, or the page was open for more than five minutes. Try again';
      const passkey = await proof.check(actor, 'passkey_sign_in', response, cookies, new AppError(401, '401', text));
      return await store.transaction(async (repos) => {
        await recordSignIn(audit, repos, actor, passkey.userId, 'passkey');
        return await sessions.start(repos, { userId: passkey.userId, factors: ['passkey'], actor }, cookies);
      });
    },

    async stepUpOptions(actor: Actor, own: OwnSession) {
      requireOffered(site);
      guard.countChallenge(actor);
      return await proof.challenge('passkey_step_up', own, await store.passkeys.list(own.userId));
    },

    /** Proof within a session, by one of the person's own passkeys. Throws 403. */
    async proveOwn(
      actor: Actor,
      own: OwnSession,
      response: PasskeyAssertion,
      cookies: string | undefined,
    ): Promise<void> {
      const text =
        'This passkey was not accepted: it is not yours, or the page was open for more than five minutes. Try again';
      await proof.check(actor, 'passkey_step_up', response, cookies, new AppError(403, '403', text), own);
    },
  };
}
export type PasskeyService = ReturnType<typeof createPasskeyService>;

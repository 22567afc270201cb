import type { PasskeyAssertion } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { AppError } from '../errors.js';
import type { Clock } from '../system.js';
import { type BrowserAttempts, derive } from './browser-attempts.js';
import type { Mailbox } from './mailbox.js';
import type { OwnSession } from './own-session.js';
import type { StoredPasskey } from './passkey-repository.js';
import { handleOf, type PasskeySite, requireOffered } from './passkey-site.js';
import type { SignInGuard } from './sign-in-guard.js';

export interface PasskeyProofDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  attempts: BrowserAttempts;
  mailbox: Mailbox;
  guard: SignInGuard;
  site: PasskeySite;
}
export type ProofPurpose = 'passkey_sign_in' | 'passkey_step_up';

/** Loaded at first use: the process at rest does without it. */
const load = () => import('@simplewebauthn/server');

/** Challenges for passkeys, and the check of what answers them. A challenge is for one browser, five minutes and one use. */
export function createPasskeyProof({ store, clock, audit, attempts, mailbox, guard, site }: PasskeyProofDeps) {
  /** The passkey that answered the challenge of this browser; undefined for whatever is wrong. Uses the challenge up. */
  async function verify(
    purpose: ProofPurpose,
    response: PasskeyAssertion,
    cookies: string | undefined,
    own?: OwnSession,
  ) {
    const attempt = await attempts.take(purpose, cookies);
    if (!attempt || (own && attempt.sessionId !== own.sessionId)) return undefined;
    const passkey = await store.passkeys.findByCredential(response.id);
    if (!passkey || (own && passkey.userId !== own.userId)) return undefined;
    // Who is signed in comes from the credential; an answer that names somebody else is not the authenticator's.
    const { userHandle } = response.response;
    if (userHandle === undefined ? !own : userHandle !== handleOf(passkey.userId)) return undefined;
    const { verifyAuthenticationResponse } = await load();
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: response as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
        expectedChallenge: derive(attempt.secret, 'challenge').toString('base64url'),
        expectedOrigin: site.origin,
        expectedRPID: site.id,
        requireUserVerification: true,
        credential: {
          id: passkey.credentialId,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          // The repository decides on the counter, in one statement with writing it.
          counter: 0,
        },
      });
      return verified ? { passkey, counter: authenticationInfo.newCounter } : undefined;
    } catch {
      // The library throws for each thing that is wrong; the caller learns only that something is.
      return undefined;
    }
  }

  async function reportCounter(actor: Actor, passkey: StoredPasskey): Promise<void> {
    await store.transaction((repos) =>
      audit.record(
        repos,
        { ...actor, kind: 'user', id: passkey.userId },
        { action: 'passkey.counter_refused', organizationId: null, target: passkey.id },
      ),
    );
    const account = await store.accounts.find(passkey.userId);
    const what = `The passkey '${passkey.name}' was refused, because a copy of it may exist: it counts backwards`;
    if (account) mailbox.changed(account.email, what);
  }

  return {
    /** The options for the browser, and the `Set-Cookie` header that binds them to it. `allow` is empty for any passkey. */
    async challenge(purpose: ProofPurpose, own?: OwnSession, allow: readonly StoredPasskey[] = []) {
      requireOffered(site);
      const { generateAuthenticationOptions } = await load();
      const { secret, setCookie } = await attempts.begin(purpose, own);
      const options = await generateAuthenticationOptions({
        rpID: site.id,
        challenge: new Uint8Array(derive(secret, 'challenge')),
        userVerification: 'required',
        timeout: 300_000,
        allowCredentials: allow.map(({ credentialId, transports }) => ({
          id: credentialId,
          transports: [...transports],
        })),
      });
      return { options, setCookie };
    },

    /** The passkey that was proved, its use recorded; otherwise throws `refusal`. With `own`, only one of that person's, in that session. */
    async check(
      actor: Actor,
      purpose: ProofPurpose,
      response: PasskeyAssertion,
      cookies: string | undefined,
      refusal: AppError,
      own?: OwnSession,
    ): Promise<StoredPasskey> {
      requireOffered(site);
      guard.check(actor);
      const proof = await verify(purpose, response, cookies, own);
      if (!proof) return await guard.refuse(actor, 'sign_in.passkey_refused', refusal);
      if (!(await store.passkeys.recordUse(proof.passkey.id, proof.counter, clock.now()))) {
        await reportCounter(actor, proof.passkey);
        return await guard.refuse(actor, 'sign_in.passkey_refused', refusal);
      }
      return proof.passkey;
    },
  };
}
export type PasskeyProof = ReturnType<typeof createPasskeyProof>;

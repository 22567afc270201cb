import type { AddPasskeyBody, PasskeyAssertion } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, badRequest, conflict, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { type BrowserAttempts, derive } from './browser-attempts.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { Mailbox } from './mailbox.js';
import { type OwnSession, requireRecent, requireSecondFactorOnceEnrolled } from './own-session.js';
import type { StoredPasskey } from './passkey-repository.js';
import type { PasskeySite } from './passkey-site.js';
import type { SignInGuard } from './sign-in-guard.js';
import { recordSignIn } from './sign-in-service.js';

interface PasskeyDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  sessions: DashboardSessions;
  attempts: BrowserAttempts;
  mailbox: Mailbox;
  guard: SignInGuard;
  site: PasskeySite;
}
type Purpose = 'passkey_sign_in' | 'passkey_step_up';

const maxPasskeys = 20;
/** EdDSA, ES256, RS256 (COSE): what authenticators have; named here so that a new Node does not change the offer. */
const supportedAlgorithmIDs = [-8, -7, -257];
/** Loaded at first use: the process at rest does without it. */
const load = () => import('@simplewebauthn/server');

/**
 * Passkeys (WebAuthn): discoverable, always with user verification. A challenge is for one browser, five minutes and one use. The list
 * of a person's credentials is never sent before they have signed in, so the sign-in page says nothing of anybody.
 */
export function createPasskeyService(deps: PasskeyDeps) {
  const { store, clock, ids, audit, sessions, attempts, mailbox, guard, site } = deps;

  function requireOffered(): void {
    if (site.offered) return;
    throw new AppError(404, '404', `Browsers offer passkeys over https only, and this server is at ${site.origin}`);
  }

  /** The options for the browser, and the `Set-Cookie` header that binds them to it. */
  async function challenge(purpose: Purpose, own?: OwnSession, allow: readonly StoredPasskey[] = []) {
    const { generateAuthenticationOptions } = await load();
    const { secret, setCookie } = await attempts.begin(purpose, own);
    const options = await generateAuthenticationOptions({
      rpID: site.id,
      challenge: bytes(derive(secret, 'challenge')),
      userVerification: 'required',
      timeout: 300_000,
      allowCredentials: allow.map(({ credentialId, transports }) => ({
        id: credentialId,
        transports: [...transports],
      })),
    });
    return { options, setCookie };
  }

  /** The passkey that answered the challenge of this browser; undefined for whatever is wrong. Uses the challenge up. */
  async function verify(purpose: Purpose, response: PasskeyAssertion, cookie: string | undefined, own?: OwnSession) {
    const attempt = await attempts.take(purpose, cookie);
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
          publicKey: bytes(Buffer.from(passkey.publicKey, 'base64url')),
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

  async function refuseCounter(actor: Actor, passkey: StoredPasskey): Promise<void> {
    await store.transaction((repos) =>
      audit.record(
        repos,
        { ...actor, kind: 'user', id: passkey.userId },
        { action: 'passkey.counter_refused', organizationId: null, target: passkey.id },
      ),
    );
    const account = await store.accounts.find(passkey.userId);
    if (account) {
      mailbox.changed(
        account.email,
        `The passkey '${passkey.name}' was refused, because a copy of it may exist: it counts backwards`,
      );
    }
  }

  /** Checked, counted, and its use recorded; otherwise the refusal. */
  async function prove(
    actor: Actor,
    purpose: Purpose,
    response: PasskeyAssertion,
    cookie: string | undefined,
    refusal: AppError,
    own?: OwnSession,
  ): Promise<StoredPasskey> {
    requireOffered();
    guard.check(actor);
    const proof = await verify(purpose, response, cookie, own);
    if (!proof) return await guard.refuse(actor, 'sign_in.passkey_refused', refusal);
    if (!(await store.passkeys.recordUse(proof.passkey.id, proof.counter, clock.now()))) {
      await refuseCounter(actor, proof.passkey);
      return await guard.refuse(actor, 'sign_in.passkey_refused', refusal);
    }
    return proof.passkey;
  }

  return {
    offered: site.offered,

    /** Options for a sign-in by whatever passkey the person picks. */
    async signInOptions(actor: Actor) {
      requireOffered();
      guard.countChallenge(actor);
      return await challenge('passkey_sign_in');
    },

    /** Returns a `Set-Cookie` header. Throws 401, always the same one. */
    async signIn(actor: Actor, response: PasskeyAssertion, cookies: string | undefined): Promise<string> {
      const text =
        'This passkey was not accepted: it is unknown here, or the page was open for more than five minutes. Try again';
      const passkey = await prove(actor, 'passkey_sign_in', response, cookies, new AppError(401, '401', text));
      return await store.transaction(async (repos) => {
        await recordSignIn(audit, repos, actor, passkey.userId, 'passkey');
        return await sessions.start(repos, { userId: passkey.userId, factors: ['passkey'], actor }, cookies);
      });
    },

    async stepUpOptions(actor: Actor, own: OwnSession) {
      requireOffered();
      guard.countChallenge(actor);
      return await challenge('passkey_step_up', own, await store.passkeys.list(own.userId));
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
      await prove(actor, 'passkey_step_up', response, cookies, new AppError(403, '403', text), own);
    },

    list: (userId: string) => store.passkeys.list(userId),

    /** Options for a new passkey, for a browser whose person signed in just now. */
    async addOptions(own: OwnSession) {
      requireOffered();
      const session = await sessions.current(own.userId, own.sessionId);
      requireRecent(sessions, session);
      await requireSecondFactorOnceEnrolled(store, session);
      const account = await store.accounts.find(own.userId);
      if (!account) throw notFound('User', 'self');
      const known = await store.passkeys.list(own.userId);
      if (known.length >= maxPasskeys) throw conflict(`You have ${maxPasskeys} passkeys already; remove one first`);
      const { generateRegistrationOptions } = await load();
      const { secret, setCookie } = await attempts.begin('passkey_add', own);
      const options = await generateRegistrationOptions({
        rpName: 'Pipecat Cloud',
        rpID: site.id,
        userName: account.email,
        userDisplayName: account.email,
        userID: bytes(Buffer.from(own.userId)),
        challenge: bytes(derive(secret, 'challenge')),
        attestationType: 'none',
        supportedAlgorithmIDs,
        timeout: 300_000,
        excludeCredentials: known.map(({ credentialId, transports }) => ({
          id: credentialId,
          transports: [...transports],
        })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      return { options, setCookie };
    },

    async add(
      actor: Actor,
      own: OwnSession,
      body: AddPasskeyBody,
      cookies: string | undefined,
    ): Promise<StoredPasskey> {
      requireOffered();
      const session = await sessions.current(own.userId, own.sessionId);
      const attempt = await attempts.take('passkey_add', cookies);
      const refusal = badRequest(
        'The passkey could not be checked, or the page was open for more than five minutes. Try again',
      );
      if (!attempt || attempt.sessionId !== own.sessionId) throw refusal;
      const registered = await verifyRegistration(site, derive(attempt.secret, 'challenge'), body);
      if (!registered) throw refusal;
      const passkey: StoredPasskey = {
        ...registered,
        id: ids.id(),
        userId: own.userId,
        name: body.name.trim(),
        createdAt: clock.now().toISOString(),
        lastUsedAt: null,
      };
      await store.transaction(async (repos) => {
        await requireSecondFactorOnceEnrolled(repos, session);
        if (!(await repos.passkeys.insert(passkey))) throw conflict('This passkey is registered already');
        await audit.record(repos, actor, {
          action: 'passkey.added',
          organizationId: null,
          target: passkey.id,
          detail: { name: passkey.name },
        });
      });
      const account = await store.accounts.find(own.userId);
      if (account) mailbox.changed(account.email, `The passkey '${passkey.name}' was added`);
      return passkey;
    },

    async rename(actor: Actor, { userId }: OwnSession, id: string, name: string): Promise<StoredPasskey> {
      return await store.transaction(async (repos) => {
        const passkey = await repos.passkeys.rename(userId, id, name.trim());
        if (!passkey) throw notFound('Passkey', id);
        await audit.record(repos, actor, {
          action: 'passkey.renamed',
          organizationId: null,
          target: id,
          detail: { name: passkey.name },
        });
        return passkey;
      });
    },

    /** Refused where nothing else would be left that an organization of the person asks for. The e-mail code is always a way in. */
    async remove(actor: Actor, own: OwnSession, id: string): Promise<void> {
      const { userId } = own;
      const session = await sessions.current(userId, own.sessionId);
      requireRecent(sessions, session);
      const removed = await store.transaction(async (repos) => {
        await requireSecondFactorOnceEnrolled(repos, session);
        const passkey = await repos.passkeys.remove(userId, id);
        if (!passkey) throw notFound('Passkey', id);
        const password = await repos.passwords.find(userId);
        const another = (await repos.passkeys.list(userId)).length > 0 || (password && !password.byEmail);
        if (!another && (await repos.passkeys.secondFactorAsked(userId))) {
          throw conflict(
            'An organization of yours asks for a second factor, and this passkey is your only one. Add another first',
          );
        }
        await audit.record(repos, actor, {
          action: 'passkey.removed',
          organizationId: null,
          target: id,
          detail: { name: passkey.name },
        });
        return passkey;
      });
      const account = await store.accounts.find(userId);
      if (account) mailbox.changed(account.email, `The passkey '${removed.name}' was removed`);
    },
  };
}
export type PasskeyService = ReturnType<typeof createPasskeyService>;

async function verifyRegistration(site: PasskeySite, challenge: Buffer, { response }: AddPasskeyBody) {
  const { verifyRegistrationResponse } = await load();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: true,
      supportedAlgorithmIDs,
    });
    if (!verified) return undefined;
    const { credential, credentialBackedUp } = registrationInfo;
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      backedUp: credentialBackedUp,
    };
  } catch {
    return undefined;
  }
}

/** How authenticators know the person: the account's id, which says nothing to anybody else. */
const handleOf = (userId: string) => Buffer.from(userId).toString('base64url');
const bytes = (buffer: Buffer) => new Uint8Array(buffer);

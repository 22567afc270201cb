import { timingSafeEqual } from 'node:crypto';
import type { SetupBody, SignInBody } from '@pipecat-cloud/contract/accounts';
import type { SessionFacts } from '../access/authenticator.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, conflict } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { type SessionCookie, sessionHours } from './session-cookie.js';

interface SignInDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  cookie: SessionCookie;
  /** Brings a code to a person. Never awaited by a request, so that its duration says nothing about an address. */
  deliver: (email: string, code: string) => Promise<void>;
  /** Told of failed deliveries; the error carries no code. */
  onDeliveryFailed: (error: unknown) => void;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const setupHours = 24;
const codeMinutes = 10;
const maxAttempts = 5;
const maxCodesPerHour = 5;

/** Dashboard sign-in. Codes and sessions are stored as digests; a refusal never tells whether an address is known. */
export function createSignInService(deps: SignInDeps) {
  const { store, clock, ids, audit, digests, cookie } = deps;
  const requests = createThrottle({ clock, limit: 30, windowSeconds: 600 });
  const failures = createThrottle({ clock, limit: 20, windowSeconds: 600 });
  const after = (ms: number) => new Date(clock.now().getTime() + ms);
  const sessionDigests = (value: string) => digests.candidates(`session:${value}`);

  /** A fresh value at each sign-in, whatever the browser sent; a session that it sent ends. Returns the cookie's value. */
  async function startSession(repos: Repositories, userId: string, oldCookie: string | undefined): Promise<string> {
    const old = cookie.read(oldCookie);
    if (old) await repos.signIn.removeSession(sessionDigests(old));
    await repos.signIn.pruneSessions(clock.now());
    const value = ids.hex(20);
    const { digest } = digests.current(`session:${value}`);
    await repos.signIn.insertSession(digest, userId, clock.now(), after(sessionHours * hourMs));
    return value;
  }

  async function refuse(actor: Actor, action: string, message: string): Promise<never> {
    if (actor.address) failures.fail(actor.address);
    await store.transaction((repos) => audit.record(repos, actor, { action, organizationId: null }));
    throw new AppError(401, '401', message);
  }

  const guard = (actor: Actor) => actor.address && failures.check(actor.address);

  return {
    startSession,

    /** True until the person has used a set-up code. */
    setupPending: async (userId: string): Promise<boolean> => !(await store.signIn.hasUsedCode(userId, 'setup')),

    /** A code for the set-up link: 24 hours, one use. An earlier one that was not used stops working. */
    async createSetupCode(userId: string): Promise<string> {
      const code = ids.hex(20);
      await store.transaction(async (repos) => {
        await repos.signIn.dropUnusedCodes(userId, 'setup');
        const { digest } = digests.current(`setup:${code}`);
        await repos.signIn.insertCode(
          { id: ids.id(), purpose: 'setup', digest, userId, expiresAt: after(setupHours * hourMs) },
          clock.now(),
        );
      });
      return code;
    },

    /** The owner's first sign-in. Returns the value of the session cookie. */
    async setUp(actor: Actor, body: SetupBody, oldCookie: string | undefined): Promise<string> {
      guard(actor);
      const session = await store.transaction(async (repos) => {
        const code = await repos.signIn.findCode('setup', digests.candidates(`setup:${body.code}`), clock.now());
        if (!code?.userId || !(await repos.signIn.useCode(code.id, clock.now()))) return undefined;
        const { userId } = code;
        if (body.email !== undefined) await setEmail(repos, userId, body.email);
        if (body.organizationName !== undefined) await nameOrganization(repos, userId, body.organizationName);
        await audit.record(
          repos,
          { ...actor, kind: 'user', id: userId },
          { action: 'sign_in.set_up', organizationId: null, target: userId },
        );
        return await startSession(repos, userId, oldCookie);
      });
      return (
        session ??
        (await refuse(
          actor,
          'sign_in.set_up_refused',
          'This set-up link was used already, is older than 24 hours, or is not whole. Start the server again for a new one',
        ))
      );
    },

    /** Sends a code if a person has this address and had fewer than five in the last hour. The work is the same if not. */
    async requestCode(actor: Actor, address: string): Promise<void> {
      if (actor.address) {
        requests.check(actor.address);
        requests.fail(actor.address);
      }
      const email = address.toLowerCase();
      const code = (BigInt(`0x${ids.hex(16)}`) % 100_000_000n).toString().padStart(8, '0');
      const { digest } = digests.current(`sign_in:${email}:${code}`);
      const userId = await store.transaction(async (repos) => {
        await repos.signIn.pruneCodes(after(-hourMs));
        const account = await repos.accounts.findByEmail(email);
        const sent = await repos.signIn.countCodesSince(account?.id ?? null, 'sign_in', after(-hourMs));
        const recipient = account && sent < maxCodesPerHour ? account.id : null;
        // Without a recipient the row is a decoy: an insert that were left out could be measured.
        await repos.signIn.insertCode(
          { id: ids.id(), purpose: 'sign_in', digest, userId: recipient, expiresAt: after(codeMinutes * minuteMs) },
          clock.now(),
        );
        return recipient;
      });
      if (userId) setImmediate(() => void deps.deliver(email, code).catch(deps.onDeliveryFailed));
    },

    /** Returns the value of the session cookie. Throws 401, always the same one. */
    async signIn(actor: Actor, body: SignInBody, oldCookie: string | undefined): Promise<string> {
      guard(actor);
      const email = body.email.toLowerCase();
      const candidates = digests.candidates(`sign_in:${email}:${body.code}`);
      // A refusal is not thrown in here: the attempt must stay counted.
      const session = await store.transaction(async (repos) => {
        const userId = (await repos.accounts.findByEmail(email))?.id ?? null;
        const codes = await repos.signIn.spendAttempt(userId, 'sign_in', maxAttempts, clock.now());
        const match = codes.filter(
          ({ digest }) => candidates.filter((candidate) => equal(candidate, digest)).length > 0,
        )[0];
        if (!match || !userId || !(await repos.signIn.useCode(match.id, clock.now()))) return undefined;
        await repos.signIn.dropUnusedCodes(userId, 'sign_in');
        await audit.record(
          repos,
          { ...actor, kind: 'user', id: userId },
          { action: 'sign_in.signed_in', organizationId: null, target: userId },
        );
        return await startSession(repos, userId, oldCookie);
      });
      return (
        session ??
        (await refuse(
          actor,
          'sign_in.refused',
          'The code is wrong, was used already, or is older than ten minutes. Ask for a new one',
        ))
      );
    },

    /** Ends the session here, not only in the browser. Without a session nothing happens. */
    async signOut(actor: Actor, cookieHeader: string | undefined): Promise<void> {
      const value = cookie.read(cookieHeader);
      if (!value) return;
      await store.transaction(async (repos) => {
        const ended = await repos.signIn.removeSession(sessionDigests(value));
        if (!ended) return;
        await audit.record(
          repos,
          { ...actor, kind: 'user', id: ended.userId },
          { action: 'sign_in.signed_out', organizationId: null, target: ended.userId },
        );
      });
    },

    /** Whose session a `Cookie` header carries; undefined for none, an unknown, an ended or an expired one. */
    async sessionOf(cookieHeader: string): Promise<SessionFacts | undefined> {
      const value = cookie.read(cookieHeader);
      if (!value) return undefined;
      const [sessionId = '', ...others] = sessionDigests(value);
      const session = await store.signIn.findSession([sessionId, ...others], clock.now());
      return session && { userId: session.userId, sessionId, secondFactor: false };
    },
  };
}
export type SignInService = ReturnType<typeof createSignInService>;

async function setEmail(repos: Repositories, userId: string, email: string): Promise<void> {
  const other = await repos.accounts.findByEmail(email);
  if (other && other.id !== userId) throw conflict('Another person here has this e-mail address; use a different one');
  await repos.accounts.setEmail(userId, email);
}

async function nameOrganization(repos: Repositories, userId: string, name: string): Promise<void> {
  const owned = (await repos.organizations.listOfUser(userId)).find(({ role }) => role === 'owner');
  if (owned) await repos.organizations.setVerboseName(owned.id, name.trim() || owned.verboseName);
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

import type { SetupBody, SignInBody } from '@pipecat-cloud/contract/accounts';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, conflict } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import type { Cookie } from './cookies.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { EmailCodes } from './email-codes.js';
import type { Mailbox } from './mailbox.js';
import type { SignInGuard } from './sign-in-guard.js';

interface SignInDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  sessions: DashboardSessions;
  codes: EmailCodes;
  mailbox: Mailbox;
  guard: SignInGuard;
  /** Names the browser that asked for a code. */
  codeCookie: Cookie;
}

const setupHours = 24;
/** As long as a code lives. */
const codeSeconds = 600;

/** Signing in by the set-up link and by e-mail code. Codes are stored as digests; a refusal never tells whether an address is known. */
export function createSignInService(deps: SignInDeps) {
  const { store, clock, ids, audit, digests, sessions, codes, mailbox, guard, codeCookie } = deps;

  return {
    /** True until the person has used a set-up code. */
    setupPending: async (userId: string): Promise<boolean> => !(await store.signIn.hasUsedCode(userId, 'setup')),

    /** A code for the set-up link: 24 hours, one use. An earlier one that was not used stops working. */
    async createSetupCode(userId: string): Promise<string> {
      const code = ids.hex(20);
      await store.transaction(async (repos) => {
        await repos.signIn.dropUnusedCodes(userId, 'setup');
        const { digest } = digests.current(`setup:${code}`);
        const expiresAt = new Date(clock.now().getTime() + setupHours * 3_600_000);
        await repos.signIn.insertCode({ id: ids.id(), purpose: 'setup', digest, userId, expiresAt }, clock.now());
      });
      return code;
    },

    /** The owner's first sign-in. Returns a `Set-Cookie` header. */
    async setUp(actor: Actor, body: SetupBody, oldCookie: string | undefined): Promise<string> {
      guard.check(actor);
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
        return await sessions.start(repos, { userId, factors: ['setup'], actor }, oldCookie);
      });
      if (session) return session;
      const text =
        'This set-up link was used already, is older than 24 hours, or is not whole. If it was used, sign in; otherwise start the server again for a new one';
      return await guard.refuse(actor, 'sign_in.set_up_refused', new AppError(401, '401', text));
    },

    /**
     * Sends a code, for this browser alone, if a person has this address and had not too many in the last hour. The work is the same if
     * not. Returns a `Set-Cookie` header.
     */
    async requestCode(actor: Actor, address: string, cookies: string | undefined): Promise<string> {
      const email = address.toLowerCase();
      guard.countMail(actor, email);
      // Kept from one request to the next: the mail that comes first is as good as the other.
      const browser = codeCookie.read(cookies) ?? ids.hex(20);
      const { code, recipient } = await store.transaction(async (repos) => {
        const userId = (await repos.accounts.findByEmail(email))?.id ?? null;
        return await codes.issue(repos, { purpose: 'sign_in', subject: `${email} ${browser}`, userId });
      });
      if (recipient) mailbox.code(email, code, 'sign_in');
      return codeCookie.set(browser, codeSeconds);
    },

    /** Returns a `Set-Cookie` header. Throws 401, always the same one. */
    async signIn(actor: Actor, body: SignInBody, cookies: string | undefined): Promise<string> {
      guard.check(actor);
      const email = body.email.toLowerCase();
      // A refusal is not thrown in here: the attempt must stay counted.
      const session = await store.transaction(async (repos) => {
        const userId = (await repos.accounts.findByEmail(email))?.id ?? null;
        const subject = `${email} ${codeCookie.read(cookies) ?? ''}`;
        const used = await codes.use(repos, { purpose: 'sign_in', subject, userId }, body.code);
        if (!used || !userId) return undefined;
        await recordSignIn(audit, repos, actor, userId, 'email');
        return await sessions.start(repos, { userId, factors: ['email'], actor }, cookies);
      });
      if (session) return session;
      const text =
        'The code is wrong, was used already, is older than ten minutes, or was asked for in another browser. Ask for a new one';
      return await guard.refuse(actor, 'sign_in.refused', new AppError(401, '401', text));
    },
  };
}
export type SignInService = ReturnType<typeof createSignInService>;

/** The same record for every way in. */
export async function recordSignIn(
  audit: Audit,
  repos: Repositories,
  actor: Actor,
  userId: string,
  by: 'email' | 'password' | 'passkey' | 'oidc' | 'invitation',
): Promise<void> {
  await audit.record(
    repos,
    { ...actor, kind: 'user', id: userId },
    { action: 'sign_in.signed_in', organizationId: null, target: userId, detail: { by } },
  );
}

async function setEmail(repos: Repositories, userId: string, email: string): Promise<void> {
  const other = await repos.accounts.findByEmail(email);
  if (other && other.id !== userId) throw conflict('Another person here has this e-mail address; use a different one');
  await repos.accounts.setEmail(userId, email);
}

async function nameOrganization(repos: Repositories, userId: string, name: string): Promise<void> {
  const owned = (await repos.organizations.listOfUser(userId)).find(({ role }) => role === 'owner');
  if (owned) await repos.organizations.setVerboseName(owned.id, name.trim() || owned.verboseName);
}

import { randomBytes } from 'node:crypto';
import type { PasswordSignInBody, PutPasswordBody } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, conflict, notFound } from '../errors.js';
import type { Clock } from '../system.js';
import type { ChangeRules } from './change-rules.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import { type Factor, isSecondFactor } from './factors.js';
import type { Mailbox } from './mailbox.js';
import type { OwnSession } from './own-session.js';
import type { PasswordHasher } from './password-hash.js';
import type { StoredPassword } from './password-repository.js';
import { checkPassword } from './password-rules.js';
import type { SignInGuard } from './sign-in-guard.js';
import { recordSignIn } from './sign-in-service.js';

interface PasswordDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  sessions: DashboardSessions;
  rules: ChangeRules;
  hasher: PasswordHasher;
  mailbox: Mailbox;
  guard: SignInGuard;
  /** The installation offers passwords. */
  enabled: boolean;
}

/** Passwords, where the installation offers them. Unknown addresses cost what known ones do, and nothing locks an account. */
export function createPasswordService(deps: PasswordDeps) {
  const { store, clock, audit, sessions, rules, hasher, mailbox, guard, enabled } = deps;
  let decoy: Promise<string> | undefined;

  function requireEnabled(): void {
    if (enabled) return;
    throw new AppError(
      404,
      '404',
      'This installation offers no passwords; its operator turns them on with PIPECAT_CLOUD_PASSWORDS',
    );
  }

  /** The same work whether there is a password or not. */
  async function matches(stored: StoredPassword | undefined, password: string): Promise<boolean> {
    decoy ??= hasher.hash(randomBytes(20).toString('hex'));
    const same = await hasher.verify(stored?.hash ?? (await decoy), password);
    return stored !== undefined && same;
  }

  async function renew(userId: string, stored: StoredPassword, password: string): Promise<void> {
    if (await hasher.isOutdated(stored.hash)) {
      await store.passwords.rehash(userId, stored.hash, await hasher.hash(password));
    }
  }

  const factorOf = ({ byEmail }: StoredPassword): Factor => (byEmail ? 'password_by_email' : 'password');

  /** Proof within a session. Throws 403: the session itself is in order. */
  async function prove(actor: Actor, userId: string, password: string): Promise<Factor> {
    requireEnabled();
    guard.check(actor);
    const stored = await store.passwords.find(userId);
    if ((await matches(stored, password)) && stored) return factorOf(stored);
    return await guard.refuse(actor, 'sign_in.password_refused', new AppError(403, '403', 'The password is wrong'));
  }

  return {
    enabled,

    /** Returns a `Set-Cookie` header. Throws 401, always the same one. */
    async signIn(actor: Actor, body: PasswordSignInBody, oldCookie: string | undefined): Promise<string> {
      requireEnabled();
      guard.check(actor);
      const account = await store.accounts.findByEmail(body.email);
      // Asked for in either case: a query that were left out could be measured.
      const stored = await store.passwords.find(account?.id ?? '');
      if (!(await matches(stored, body.password)) || !account || !stored) {
        const text = 'The address or the password is wrong. You can also sign in with a code by e-mail';
        return await guard.refuse(actor, 'sign_in.password_refused', new AppError(401, '401', text));
      }
      await renew(account.id, stored, body.password);
      return await store.transaction(async (repos) => {
        await recordSignIn(audit, repos, actor, account.id, 'password');
        return await sessions.start(repos, { userId: account.id, factors: [factorOf(stored)], actor }, oldCookie);
      });
    },

    prove,

    /**
     * Sets or changes the password and ends the person's other sessions. Needs the current one, or a sign-in of the last ten minutes.
     * Set anew by somebody who has shown the mailbox alone, it counts for no more than the mailbox.
     */
    async put(actor: Actor, { userId, sessionId }: OwnSession, body: PutPasswordBody): Promise<void> {
      requireEnabled();
      const session = await sessions.current(userId, sessionId);
      const stored = await store.passwords.find(userId);
      const knowsCurrent = body.currentPassword !== undefined;
      if (body.currentPassword !== undefined) await prove(actor, userId, body.currentPassword);
      else rules.requireRecent(session);
      const account = await store.accounts.find(userId);
      if (!account) throw notFound('User', 'self');
      const memberships = await store.organizations.listOfUser(userId);
      checkPassword(body.password, [
        account.email,
        ...memberships.flatMap(({ name, verboseName }) => [name, verboseName]),
      ]);
      const hash = await hasher.hash(body.password);
      await store.transaction(async (repos) => {
        const before = await repos.passwords.find(userId);
        // What was proved was the password read above; one that was changed meanwhile was not.
        if (before?.hash !== stored?.hash)
          throw conflict('The password was changed by another request at the same time');
        const trusted = isSecondFactor(session.factors);
        const byEmail = !trusted && (knowsCurrent ? before?.byEmail === true : await rules.isEnrolled(repos, userId));
        await repos.passwords.put(userId, { hash, byEmail }, clock.now());
        const ended = await repos.dashboardSessions.removeOthers(userId, sessionId);
        await audit.record(repos, actor, {
          action: before ? 'password.changed' : 'password.set',
          organizationId: null,
          target: userId,
          detail: { endedSessions: ended, byEmail },
        });
      });
      mailbox.changed(account.email, stored ? 'The password was changed' : 'A password was set');
    },

    /** The person signs in without a password from now on. */
    async remove(actor: Actor, { userId, sessionId }: OwnSession): Promise<void> {
      const session = await sessions.current(userId, sessionId);
      rules.requireRecent(session);
      await store.transaction(async (repos) => {
        await rules.requireSecondFactorOnceEnrolled(repos, session);
        if (!(await repos.passwords.remove(userId))) throw notFound('Password', 'self');
        await audit.record(repos, actor, { action: 'password.removed', organizationId: null, target: userId });
      });
      const account = await store.accounts.find(userId);
      if (account) mailbox.changed(account.email, 'The password was removed');
    },
  };
}
export type PasswordService = ReturnType<typeof createPasswordService>;

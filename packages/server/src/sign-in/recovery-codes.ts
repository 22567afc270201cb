import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, conflict, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import type { ChangeRules } from './change-rules.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { Mailbox } from './mailbox.js';
import type { OwnSession } from './own-session.js';
import type { SignInGuard } from './sign-in-guard.js';

interface RecoveryCodesDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  sessions: DashboardSessions;
  rules: ChangeRules;
  mailbox: Mailbox;
  guard: SignInGuard;
}

const howMany = 10;
/** 80 random bits: found by its digest, so no guesses need be counted for one person. */
const codeBytes = 10;
const years = 10;

/** Codes on paper that stand in for a lost passkey or password: each works once, beside the code by e-mail. */
export function createRecoveryCodes(deps: RecoveryCodesDeps) {
  const { store, clock, ids, audit, digests, sessions, rules, mailbox, guard } = deps;
  const nameOf = (userId: string, code: string) => `recovery:${userId}:${code.replace(/[\s-]/g, '').toLowerCase()}`;

  return {
    /** Ten new ones, shown this once; those of before stop working. Only for who has something that they stand in for. */
    async make(actor: Actor, { userId, sessionId }: OwnSession): Promise<string[]> {
      const session = await sessions.current(userId, sessionId);
      rules.requireRecent(session);
      const account = await store.accounts.find(userId);
      if (!account) throw notFound('User', 'self');
      const codes = Array.from({ length: howMany }, () => (ids.hex(codeBytes).match(/.{5}/g) ?? []).join('-'));
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + years * 365 * 86_400_000);
      await store.transaction(async (repos) => {
        if (!(await rules.isEnrolled(repos, userId))) {
          throw conflict('Recovery codes stand in for a passkey or a password. Add one of those first');
        }
        await rules.requireSecondFactorOnceEnrolled(repos, session);
        await repos.signIn.dropUnusedCodes(userId, 'recovery');
        for (const code of codes) {
          const { digest } = digests.current(nameOf(userId, code));
          await repos.signIn.insertCode({ id: ids.id(), purpose: 'recovery', digest, userId, expiresAt }, now);
        }
        await audit.record(repos, actor, { action: 'recovery_codes.made', organizationId: null, target: userId });
      });
      mailbox.changed(account.email, 'New recovery codes were made');
      return codes;
    },

    /** Proof within a session, which uses the code up. Throws 403. */
    async prove(actor: Actor, userId: string, code: string): Promise<'recovery'> {
      guard.check(actor);
      const used = await store.transaction(async (repos) => {
        const found = await repos.signIn.findCode('recovery', digests.candidates(nameOf(userId, code)), clock.now());
        return found?.userId === userId && (await repos.signIn.useCode(found.id, clock.now()));
      });
      if (!used) {
        const text = 'This recovery code is wrong or was used already; each works once';
        return await guard.refuse(actor, 'sign_in.recovery_refused', new AppError(403, '403', text));
      }
      const account = await store.accounts.find(userId);
      if (account) mailbox.changed(account.email, 'A recovery code was used');
      return 'recovery';
    },

    left: (userId: string) => store.signIn.countUnused(userId, 'recovery', clock.now()),
  };
}
export type RecoveryCodes = ReturnType<typeof createRecoveryCodes>;

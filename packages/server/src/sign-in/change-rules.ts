import type { Repositories } from '../db/store.js';
import { forbidden } from '../errors.js';
import type { StoredDashboardSession } from './dashboard-session-repository.js';
import { type DashboardSessions, recentMinutes } from './dashboard-sessions.js';
import { isSecondFactor } from './factors.js';

interface ChangeRulesDeps {
  sessions: DashboardSessions;
  /** What the installation offers: what is no longer offered can be shown by nobody, and so must not be asked for. */
  offers: { passwords: boolean; passkeys: boolean };
}

/** Who may change how a person signs in. */
export function createChangeRules({ sessions, offers }: ChangeRulesDeps) {
  /** Can the person show anything beside the mailbox by now? */
  async function isEnrolled(repos: Repositories, userId: string): Promise<boolean> {
    if (offers.passwords && (await repos.passwords.find(userId))) return true;
    return offers.passkeys && (await repos.passkeys.list(userId)).length > 0;
  }

  return {
    isEnrolled,

    /** Throws 403 unless a factor was shown in the last ten minutes: an unattended browser must not change how its owner signs in. */
    requireRecent(session: StoredDashboardSession): void {
      if (sessions.isRecent(session)) return;
      throw forbidden(
        'recent_sign_in_required',
        `This needs a sign-in of the last ${recentMinutes} minutes. Confirm that it is you, then try again`,
      );
    },

    /**
     * Throws 403 where the person has more than the mailbox and this session has not shown two factors: else who holds the mailbox
     * alone could give themselves, or take away, the second factor. The first of all is taken on trust.
     */
    async requireSecondFactorOnceEnrolled(repos: Repositories, session: StoredDashboardSession): Promise<void> {
      if (isSecondFactor(session.factors) || !(await isEnrolled(repos, session.userId))) return;
      throw forbidden(
        'second_factor_required',
        'You have a password or a passkey, so changing how you sign in needs both factors in this session. Confirm with the other one, then try again',
      );
    },

    /** Is there a second factor beside the passkeys: a password that is worth one? */
    async hasStrongPassword(repos: Repositories, userId: string): Promise<boolean> {
      const password = offers.passwords ? await repos.passwords.find(userId) : undefined;
      return password !== undefined && !password.byEmail;
    },
  };
}
export type ChangeRules = ReturnType<typeof createChangeRules>;

import type { Principal } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import { forbidden } from '../errors.js';
import type { StoredDashboardSession } from './dashboard-session-repository.js';
import { type DashboardSessions, recentMinutes } from './dashboard-sessions.js';
import { isSecondFactor } from './factors.js';

/** The person and session of a request to a route that only the dashboard's cookie opens. */
export interface OwnSession {
  userId: string;
  sessionId: string;
}
export function ownSessionOf(principal: Principal): OwnSession {
  if (principal.kind !== 'user' || principal.via !== 'session') throw new Error('The route is not for sessions alone');
  return { userId: principal.userId, sessionId: principal.sessionId };
}

/** Throws 403 unless a factor was shown in the last ten minutes: an unattended browser must not change how its owner signs in. */
export function requireRecent(sessions: DashboardSessions, session: StoredDashboardSession): void {
  if (sessions.isRecent(session)) return;
  throw forbidden(
    'recent_sign_in_required',
    `This needs a sign-in of the last ${recentMinutes} minutes. Confirm that it is you, then try again`,
  );
}

/** Does the person have anything beside the mailbox by now? */
export async function isEnrolled(repos: Repositories, userId: string): Promise<boolean> {
  return (await repos.passwords.find(userId)) !== undefined || (await repos.passkeys.list(userId)).length > 0;
}

/**
 * Throws 403 where the person has more than the mailbox and this session has not shown two factors: else who holds the mailbox alone
 * could give themselves, or take away, the second factor. The first of all is taken on trust.
 */
export async function requireSecondFactorOnceEnrolled(
  repos: Repositories,
  session: StoredDashboardSession,
): Promise<void> {
  if (isSecondFactor(session.factors) || !(await isEnrolled(repos, session.userId))) return;
  throw forbidden(
    'second_factor_required',
    'You have a password or a passkey, so changing how you sign in needs both factors in this session. Confirm with the other one, then try again',
  );
}

import type { SessionFacts } from '../access/authenticator.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { conflict, notFound } from '../errors.js';
import { oneAtATime } from '../one-at-a-time.js';
import { createPeriodic } from '../periodic.js';
import type { Clock, Ids } from '../system.js';
import type { StoredDashboardSession } from './dashboard-session-repository.js';
import { type Factor, isSecondFactor } from './factors.js';
import { type SessionCookie, sessionHours } from './session-cookie.js';

interface DashboardSessionsDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  cookie: SessionCookie;
}

/** A session that nobody used for so long has ended: inactivity as well as age, and both documented, as ASVS 5 asks (7.1.1, 7.3). */
export const idleHours = 2;
/** What changes how a person signs in wants a factor shown this recently. */
export const recentMinutes = 10;
const hourMs = 3_600_000;
/** Last seen is a figure for people and for the idle life; it is written at most this often for one session. */
const seenEveryMs = 60_000;

/**
 * Dashboard sessions. The value in the cookie is fresh at each sign-in and at each step-up, whatever the browser sent, so a planted
 * value is worth nothing. Reading a session writes nothing: last seen is noted and written by a timer.
 */
export function createDashboardSessions({ store, clock, ids, audit, digests, cookie }: DashboardSessionsDeps) {
  const seen = new Map<string, Date>();
  const seenSince = () => new Date(clock.now().getTime() - idleHours * hourMs);
  const digestsOf = (value: string) => digests.candidates(`session:${value}`);

  const flush = oneAtATime(async (): Promise<void> => {
    // In one order everywhere, so that two control planes never wait for each other.
    const noted = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
    seen.clear();
    if (noted.length === 0) return;
    await store.transaction(async (repos) => {
      for (const [id, at] of noted) await repos.dashboardSessions.recordSeen(id, at);
    });
  });
  const periodic = createPeriodic({ run: flush, intervalMs: 10_000, onError: () => {} });

  async function find(cookieHeader: string | undefined): Promise<StoredDashboardSession | undefined> {
    const value = cookie.read(cookieHeader);
    if (value === undefined) return undefined;
    return await store.dashboardSessions.findByDigests(digestsOf(value), clock.now(), seenSince());
  }

  /**
   * Signs a person in, inside the caller's transaction: makes a session with a fresh value and ends the one that the browser sent.
   * Returns the cookie's value. The caller records the sign-in.
   */
  async function begin(
    repos: Repositories,
    who: { userId: string; factors: readonly Factor[]; actor?: Pick<Actor, 'address' | 'userAgent'> },
    oldCookie: string | undefined,
  ): Promise<string> {
    const old = cookie.read(oldCookie);
    if (old) await repos.dashboardSessions.removeByDigests(digestsOf(old));
    const now = clock.now();
    const value = ids.hex(20);
    await repos.dashboardSessions.insert({
      id: ids.id(),
      digest: digests.current(`session:${value}`).digest,
      userId: who.userId,
      createdAt: now.toISOString(),
      authenticatedAt: now.toISOString(),
      lastSeenAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + sessionHours * hourMs).toISOString(),
      address: who.actor?.address ?? null,
      userAgent: who.actor?.userAgent ?? null,
      factors: who.factors,
    });
    return value;
  }

  return {
    startTimer: () => periodic.start(),
    async close(): Promise<void> {
      await periodic.close();
      await flush();
    },
    /** Writes what was noted as last seen. */
    flush,

    begin,

    /** The same, as a `Set-Cookie` header. */
    start: async (...session: Parameters<typeof begin>): Promise<string> => cookie.set(await begin(...session)),

    /** One more factor in a session, inside the caller's transaction: a fresh value, the same end. Returns a `Set-Cookie` header. */
    async stepUp(repos: Repositories, session: StoredDashboardSession, factor: Factor): Promise<string> {
      const value = ids.hex(20);
      const factors = [...new Set([...session.factors, factor])];
      const { digest } = digests.current(`session:${value}`);
      if (!(await repos.dashboardSessions.renew({ ...session, factors }, digest, clock.now()))) {
        throw conflict('This session was changed by another request at the same time; load the page again');
      }
      const seconds = Math.ceil((Date.parse(session.expiresAt) - clock.now().getTime()) / 1000);
      return cookie.set(value, Math.max(0, seconds));
    },

    /** Whose session a `Cookie` header carries; undefined for none, an unknown, an ended, an expired or an idle one. */
    async sessionOf(cookieHeader: string): Promise<SessionFacts | undefined> {
      const session = await find(cookieHeader);
      if (!session) return undefined;
      const now = clock.now();
      if (now.getTime() - Date.parse(session.lastSeenAt) >= seenEveryMs) seen.set(session.id, now);
      return { userId: session.userId, sessionId: session.id, secondFactor: isSecondFactor(session.factors) };
    },

    /** The live session of a signed-in request. Throws 404 when it ended meanwhile. */
    async current(userId: string, sessionId: string): Promise<StoredDashboardSession> {
      const session = await store.dashboardSessions.find(userId, sessionId, clock.now(), seenSince());
      if (!session) throw notFound('Session', sessionId);
      return session;
    },

    isRecent: (session: Pick<StoredDashboardSession, 'authenticatedAt'>) =>
      clock.now().getTime() - Date.parse(session.authenticatedAt) < recentMinutes * 60_000,

    list: (userId: string) => store.dashboardSessions.list(userId, clock.now(), seenSince()),

    /** Throws 404 for a session that is not the person's own. */
    async end(actor: Actor, userId: string, id: string): Promise<void> {
      await store.transaction(async (repos) => {
        if (!(await repos.dashboardSessions.remove(userId, id))) throw notFound('Session', id);
        await audit.record(repos, actor, { action: 'dashboard_session.ended', organizationId: null, target: id });
      });
    },

    /** Ends all of the person's sessions but one. */
    async endOthers(actor: Actor, userId: string, keepId: string): Promise<void> {
      await store.transaction(async (repos) => {
        const ended = await repos.dashboardSessions.removeOthers(userId, keepId);
        await audit.record(repos, actor, {
          action: 'dashboard_session.others_ended',
          organizationId: null,
          target: userId,
          detail: { ended },
        });
      });
    },

    /** Ends the session here, not only in the browser. Without a session nothing happens. */
    async signOut(actor: Actor, cookieHeader: string | undefined): Promise<void> {
      const value = cookie.read(cookieHeader);
      if (!value) return;
      await store.transaction(async (repos) => {
        const ended = await repos.dashboardSessions.removeByDigests(digestsOf(value));
        if (!ended) return;
        await audit.record(
          repos,
          { ...actor, kind: 'user', id: ended.userId },
          { action: 'sign_in.signed_out', organizationId: null, target: ended.userId },
        );
      });
    },

    prune: () => store.dashboardSessions.prune(clock.now(), seenSince()),
  };
}
export type DashboardSessions = ReturnType<typeof createDashboardSessions>;

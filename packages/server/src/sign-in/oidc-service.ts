import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { OidcConfig } from '../config/sign-in-config.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import type { BrowserAttempts } from './browser-attempts.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import { localPath } from './local-path.js';
import type { Mailbox } from './mailbox.js';
import { type Admitted, admit, type OidcProblem } from './oidc-admission.js';
import type { OidcProvider } from './oidc-provider.js';
import type { SignInGuard } from './sign-in-guard.js';
import { recordSignIn } from './sign-in-service.js';

interface OidcDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  sessions: DashboardSessions;
  attempts: BrowserAttempts;
  mailbox: Mailbox;
  guard: SignInGuard;
  /** Undefined where no outside provider is configured. */
  config: OidcConfig | undefined;
  provider: OidcProvider | undefined;
  /** Told why the provider's answer was of no use; carries neither code nor token. */
  onProblem: (problem: OidcProblem, why: string) => void;
}
/** Where the browser goes next, and what it keeps. */
export interface Redirect {
  location: string;
  setCookies: string[];
}
class Refused extends Error {
  readonly problem: OidcProblem;
  constructor(problem: OidcProblem) {
    super(problem);
    this.problem = problem;
  }
}

/** Signing in through an outside OpenID Connect provider. People are known by issuer and subject; the address only leads there once. */
export function createOidcService(deps: OidcDeps) {
  const { store, clock, ids, audit, sessions, attempts, mailbox, guard, config, provider, onProblem } = deps;

  function offered(): { config: OidcConfig; provider: OidcProvider } {
    if (config && provider) return { config, provider };
    throw new AppError(404, '404', 'This installation has no outside provider to sign in with');
  }

  /** The person of a subject, if need be linked or made now. Throws `Refused`. */
  async function personOf(repos: Repositories, actor: Actor, settings: OidcConfig, who: Admitted): Promise<string> {
    const { issuer, newPeople } = settings;
    const linked = await repos.oidcLinks.findUser(issuer, who.subject);
    if (linked) {
      await repos.oidcLinks.recordUse(issuer, who.subject, clock.now());
      return linked;
    }
    if (who.email === undefined) throw new Refused('oidc_unverified');
    const account = await repos.accounts.findByEmail(who.email);
    const userId = account?.id ?? (await create(repos, actor, who.email, newPeople));
    // The person has another subject at this provider: the address has passed to somebody else there.
    if (!(await repos.oidcLinks.insert(issuer, who.subject, userId, clock.now())))
      throw new Refused('oidc_other_account');
    await audit.record(
      repos,
      { ...actor, kind: 'user', id: userId },
      { action: 'sign_in.oidc_linked', organizationId: null, target: userId, detail: { issuer, subject: who.subject } },
    );
    return userId;
  }

  async function create(
    repos: Repositories,
    actor: Actor,
    email: string,
    newPeople: OidcConfig['newPeople'],
  ): Promise<string> {
    const organization = newPeople && (await repos.organizations.findByName(newPeople.organization));
    if (!newPeople || !organization) throw new Refused('oidc_unknown');
    const userId = ids.id();
    await repos.accounts.insert({ id: userId, email, defaultOrganizationId: organization.id }, clock.now());
    await repos.organizations.addMember(organization.id, userId, newPeople.role, clock.now());
    await audit.record(
      repos,
      { ...actor, kind: 'user', id: userId },
      {
        action: 'member.added',
        organizationId: organization.id,
        target: userId,
        detail: { email, role: newPeople.role, by: 'oidc' },
      },
    );
    return userId;
  }

  async function enter(actor: Actor, query: string, secret: string, cookies: string | undefined): Promise<string> {
    const { config: settings, provider: outside } = offered();
    const admitted = admit(await outside.claims(query, secret), settings);
    if ('problem' in admitted) throw new Refused(admitted.problem);
    let linkedTo: string | undefined;
    const session = await store.changeAccess(async (repos) => {
      const before = await repos.oidcLinks.findUser(settings.issuer, admitted.subject);
      const userId = await personOf(repos, actor, settings, admitted);
      if (!before) linkedTo = admitted.email;
      await recordSignIn(audit, repos, actor, userId, 'oidc');
      const factors = [admitted.secondFactor ? 'oidc_mfa' : 'oidc'] as const;
      return await sessions.start(repos, { userId, factors, actor }, cookies);
    });
    if (linkedTo) mailbox.changed(linkedTo, `Sign-in with ${settings.label} was linked to your account`);
    return session;
  }

  async function back(actor: Actor, problem: OidcProblem, why: string): Promise<Redirect> {
    onProblem(problem, why);
    // Recorded and counted as every refusal is; the browser is told in the page it goes to.
    await guard.refuse(actor, 'sign_in.oidc_refused', new AppError(401, '401', problem)).catch(ignoreRefusal);
    return { location: `/sign-in?problem=${problem}`, setCookies: [attempts.clear('oidc')] };
  }

  return {
    label: config?.label,

    /** Sends the browser to the provider; back to the sign-in page when that does not answer. */
    async begin(actor: Actor, next: string | undefined): Promise<Redirect> {
      const { provider: outside } = offered();
      guard.countChallenge(actor);
      const { secret, setCookie } = await attempts.begin('oidc', { nextPath: localPath(next) });
      try {
        return { location: await outside.authorizationUrl(secret), setCookies: [setCookie] };
      } catch (error) {
        onProblem('oidc_unreachable', reasonOf(error));
        return { location: '/sign-in?problem=oidc_unreachable', setCookies: [attempts.clear('oidc')] };
      }
    },

    /** The browser comes back. Whatever is wrong leads to the sign-in page with a problem's name, and signs nobody in. */
    async finish(actor: Actor, query: string, cookies: string | undefined): Promise<Redirect> {
      offered();
      guard.check(actor);
      const attempt = await attempts.take('oidc', cookies);
      if (!attempt) return await back(actor, 'oidc_expired', 'this browser began no sign-in, or too long ago');
      try {
        const session = await enter(actor, query, attempt.secret, cookies);
        return { location: localPath(attempt.nextPath), setCookies: [session, attempts.clear('oidc')] };
      } catch (error) {
        if (error instanceof Refused)
          return await back(actor, error.problem, 'the settings or accounts do not let this person in');
        const denied = new URLSearchParams(query).get('error') === 'access_denied';
        return await back(actor, denied ? 'oidc_denied' : 'oidc_failed', reasonOf(error));
      }
    },
  };
}
export type OidcService = ReturnType<typeof createOidcService>;

/** Codes and messages alone: the library's errors carry the provider's whole answer beside them. */
function reasonOf(error: unknown): string {
  const { code, message, cause, error: answered } = error as Record<string, unknown>;
  const deeper = cause instanceof Error ? cause.message : undefined;
  const parts = [code, message, answered, deeper].filter((part) => typeof part === 'string');
  return parts.join(': ').slice(0, 300);
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof AppError)) throw error;
}

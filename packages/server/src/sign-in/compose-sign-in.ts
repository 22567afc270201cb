import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Config } from '../config/config.js';
import type { Repositories, Store } from '../db/store.js';
import type { SendMail } from '../notifications/notify.js';
import type { Clock, Ids } from '../system.js';
import { createBrowserAttempts } from './browser-attempts.js';
import { createChangeRules } from './change-rules.js';
import { createCookie } from './cookies.js';
import { createDashboardSessions, type DashboardSessions } from './dashboard-sessions.js';
import { createEmailCodes } from './email-codes.js';
import { createMailbox } from './mailbox.js';
import { createOidcProvider } from './oidc-provider.js';
import { oidcRoutes } from './oidc-routes.js';
import { createOidcService } from './oidc-service.js';
import { createOwnPasskeys } from './own-passkeys.js';
import { createPasskeyService } from './passkey-service.js';
import { passkeySiteOf } from './passkey-site.js';
import { createPasswordHasher } from './password-hash.js';
import { createPasswordService } from './password-service.js';
import { createRecoveryCodes } from './recovery-codes.js';
import { securityRoutes } from './security-routes.js';
import { createSessionCookie } from './session-cookie.js';
import { createSignInGuard } from './sign-in-guard.js';
import { signInRoutes } from './sign-in-routes.js';
import { createSignInService, recordSignIn, type SignInService } from './sign-in-service.js';
import { createStepUpService } from './step-up-service.js';

interface ComposeSignInDeps {
  config: Pick<Config, 'publicUrl' | 'signIn'>;
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  audit: Audit;
  digests: CredentialDigests;
  sendMail: SendMail;
}

export interface SignIn {
  /** Set-up codes and e-mail codes. */
  signIn: SignInService;
  /** Who is signed in; and, for routes that sign somebody in themselves, `start` and `begin`. */
  sessions: DashboardSessions;
  /** For the acceptance of an invitation, whose link proves the address. Returns the cookie's value. */
  startInvited(repos: Repositories, userId: string, oldCookie: string | undefined, actor: Actor): Promise<string>;
  register(http: FastifyInstance): Promise<void>;
  /** Drops what has ended; for the hourly housekeeping. */
  prune(): Promise<void>;
  close(): Promise<void>;
}

/** How people sign in at the dashboard, built from what the control plane has. Writes last-seen times until it is closed. */
export function composeSignIn(deps: ComposeSignInDeps): SignIn {
  const { store, clock, ids, log, audit, digests } = deps;
  const { publicUrl, signIn: settings } = deps.config;
  const cookie = createSessionCookie(publicUrl);
  const guard = createSignInGuard({ store, clock, audit });
  const codes = createEmailCodes({ clock, ids, digests });
  const mailbox = createMailbox({
    sendMail: deps.sendMail,
    onFailed: (err) => log.error({ err }, 'a mail about signing in could not be sent'),
  });
  const sessions = createDashboardSessions({ store, clock, ids, audit, digests, cookie });
  const attempts = createBrowserAttempts({ store, clock, ids, digests, publicUrl });
  const site = passkeySiteOf(publicUrl);
  const rules = createChangeRules({ sessions, offers: { passwords: settings.passwords, passkeys: site.offered } });
  const shared = { store, clock, ids, audit, digests, sessions, rules, codes, attempts, mailbox, guard };

  const signIn = createSignInService({ ...shared, codeCookie: createCookie(publicUrl, 'pipecat_code') });
  const passwords = createPasswordService({
    ...shared,
    hasher: createPasswordHasher(),
    enabled: settings.passwords,
  });
  const passkeys = createPasskeyService({ ...shared, site });
  const ownPasskeys = createOwnPasskeys({ ...shared, site });
  const oidc = createOidcService({
    ...shared,
    config: settings.oidc,
    provider: settings.oidc && createOidcProvider(settings.oidc, publicUrl),
    onProblem: (problem, why) => log.warn({ problem, why }, 'a sign-in through the outside provider was refused'),
  });
  const recovery = createRecoveryCodes(shared);
  const stepUp = createStepUpService({ ...shared, passwords, passkeys, recovery, oidc: settings.oidc });
  sessions.startTimer();

  return {
    signIn,
    sessions,
    async startInvited(repos, userId, oldCookie, actor) {
      await recordSignIn(audit, repos, actor, userId, 'invitation');
      return await sessions.begin(repos, { userId, factors: ['invitation'], actor }, oldCookie);
    },
    async register(http) {
      await http.register(signInRoutes, { signIn, passwords, passkeys, oidc, sessions, cookie, publicUrl });
      await http.register(oidcRoutes, { oidc });
      await http.register(securityRoutes, { sessions, passwords, ownPasskeys, recovery, stepUp });
    },
    async prune() {
      await sessions.prune();
      await store.signInAttempts.prune(clock.now());
    },
    close: () => sessions.close(),
  };
}

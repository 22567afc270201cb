import type { SecurityFacts, StepUpBody } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, badRequest, notFound, tooManyRequests } from '../errors.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { EmailCodes } from './email-codes.js';
import { type Factor, factorNames, isSecondFactor } from './factors.js';
import type { Mailbox } from './mailbox.js';
import type { OwnSession } from './own-session.js';
import type { PasskeyService } from './passkey-service.js';
import type { PasswordService } from './password-service.js';
import type { RecoveryCodes } from './recovery-codes.js';
import type { SignInGuard } from './sign-in-guard.js';

interface StepUpDeps {
  store: Store;
  audit: Audit;
  sessions: DashboardSessions;
  codes: EmailCodes;
  mailbox: Mailbox;
  guard: SignInGuard;
  passwords: PasswordService;
  passkeys: PasskeyService;
  recovery: RecoveryCodes;
  /** The outside provider's, for what the page shows. */
  oidc: { label: string; issuer: string } | undefined;
}

/** One more factor in a session that is there already; refusals are 403, because the session itself is in order. */
export function createStepUpService(deps: StepUpDeps) {
  const { store, audit, sessions, codes, mailbox, guard, passwords, passkeys, recovery, oidc } = deps;

  async function accountOf(userId: string) {
    const account = await store.accounts.find(userId);
    if (!account) throw notFound('User', 'self');
    return account;
  }

  async function proveCode(actor: Actor, { userId, sessionId }: OwnSession, code: string): Promise<Factor> {
    guard.check(actor);
    const wanted = { purpose: 'step_up', subject: sessionId, userId } as const;
    if (await store.transaction((repos) => codes.use(repos, wanted, code))) return 'email';
    const text = 'The code is wrong, was used already, or is older than ten minutes. Ask for a new one';
    return await guard.refuse(actor, 'sign_in.step_up_refused', new AppError(403, '403', text));
  }

  async function prove(actor: Actor, own: OwnSession, body: StepUpBody, cookies: string | undefined): Promise<Factor> {
    if (body.code !== undefined) return await proveCode(actor, own, body.code);
    if (body.password !== undefined) return await passwords.prove(actor, own.userId, body.password);
    if (body.recoveryCode !== undefined) return await recovery.prove(actor, own.userId, body.recoveryCode);
    if (!body.passkey) throw badRequest('Send a code, a password, a passkey or a recovery code');
    await passkeys.proveOwn(actor, own, body.passkey, cookies);
    return 'passkey';
  }

  return {
    /** Mails a code that works in this session alone. */
    async requestCode(actor: Actor, { userId, sessionId }: OwnSession): Promise<void> {
      guard.countMail(actor);
      const { email } = await accountOf(userId);
      const { code, recipient } = await store.transaction((repos) =>
        codes.issue(repos, { purpose: 'step_up', subject: sessionId, userId }),
      );
      if (!recipient)
        throw tooManyRequests('Five codes were sent to you in the last hour; use the newest, or wait', 3600);
      mailbox.code(email, code, 'step_up');
    },

    /** A challenge for the person's own passkeys. */
    passkeyOptions: passkeys.stepUpOptions,

    /** Returns the `Set-Cookie` header of the session's fresh value. */
    async stepUp(actor: Actor, own: OwnSession, body: StepUpBody, cookies: string | undefined): Promise<string> {
      const session = await sessions.current(own.userId, own.sessionId);
      const factor = await prove(actor, own, body, cookies);
      return await store.transaction(async (repos) => {
        await audit.record(repos, actor, {
          action: 'sign_in.stepped_up',
          organizationId: null,
          target: own.userId,
          detail: { by: factor },
        });
        return await sessions.stepUp(repos, session, factor);
      });
    },

    /** How the person signs in, and what this session has shown. */
    async facts({ userId, sessionId }: OwnSession): Promise<SecurityFacts> {
      const session = await sessions.current(userId, sessionId);
      const { email } = await accountOf(userId);
      const password = passwords.enabled ? await store.passwords.find(userId) : undefined;
      const keys = passkeys.offered ? (await store.passkeys.list(userId)).length : 0;
      const codesLeft = await recovery.left(userId);
      const option = (by: SecurityFacts['stepUp'][number]['by'], factor: Factor) => ({
        by,
        secondFactor: isSecondFactor([...session.factors, factor]),
      });
      return {
        email,
        passwords: passwords.enabled,
        hasPassword: password !== undefined,
        passkeysOffered: passkeys.offered,
        passkeys: keys,
        recoveryCodes: codesLeft,
        oidc: oidc ? { label: oidc.label, linked: await store.oidcLinks.isLinked(oidc.issuer, userId) } : null,
        factors: factorNames(session.factors),
        secondFactor: isSecondFactor(session.factors),
        stepUp: [
          ...(keys > 0 ? [option('passkey', 'passkey')] : []),
          option('email', 'email'),
          ...(password ? [option('password', password.byEmail ? 'password_by_email' : 'password')] : []),
          ...(codesLeft > 0 ? [option('recovery', 'recovery')] : []),
        ],
        recentlySignedIn: sessions.isRecent(session),
      };
    },
  };
}
export type StepUpService = ReturnType<typeof createStepUpService>;

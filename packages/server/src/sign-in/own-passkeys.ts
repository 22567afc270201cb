import type { AddPasskeyBody } from '@pipecat-cloud/contract/sign-in';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { type BrowserAttempts, derive } from './browser-attempts.js';
import type { ChangeRules } from './change-rules.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { Mailbox } from './mailbox.js';
import type { OwnSession } from './own-session.js';
import { registrationOptions, verifyRegistration } from './passkey-registration.js';
import type { StoredPasskey } from './passkey-repository.js';
import { type PasskeySite, requireOffered } from './passkey-site.js';

interface OwnPasskeysDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  sessions: DashboardSessions;
  rules: ChangeRules;
  attempts: BrowserAttempts;
  mailbox: Mailbox;
  site: PasskeySite;
}

const maxPasskeys = 20;

/** The passkeys of a signed-in person: adding, naming, removing. */
export function createOwnPasskeys({
  store,
  clock,
  ids,
  audit,
  sessions,
  rules,
  attempts,
  mailbox,
  site,
}: OwnPasskeysDeps) {
  return {
    list: (userId: string) => store.passkeys.list(userId),

    /** Options for a new passkey, for a browser whose person signed in just now. */
    async addOptions(own: OwnSession) {
      requireOffered(site);
      const session = await sessions.current(own.userId, own.sessionId);
      rules.requireRecent(session);
      await rules.requireSecondFactorOnceEnrolled(store, session);
      const account = await store.accounts.find(own.userId);
      if (!account) throw notFound('User', 'self');
      const known = await store.passkeys.list(own.userId);
      if (known.length >= maxPasskeys) throw conflict(`You have ${maxPasskeys} passkeys already; remove one first`);
      const { secret, setCookie } = await attempts.begin('passkey_add', own);
      const challenge = derive(secret, 'challenge');
      const options = await registrationOptions(site, { userId: own.userId, email: account.email, known, challenge });
      return { options, setCookie };
    },

    async add(
      actor: Actor,
      own: OwnSession,
      body: AddPasskeyBody,
      cookies: string | undefined,
    ): Promise<StoredPasskey> {
      requireOffered(site);
      const session = await sessions.current(own.userId, own.sessionId);
      const attempt = await attempts.take('passkey_add', cookies);
      const refusal = badRequest(
        'The passkey could not be checked, or the page was open for more than five minutes. Try again',
      );
      if (!attempt || attempt.sessionId !== own.sessionId) throw refusal;
      const registered = await verifyRegistration(site, derive(attempt.secret, 'challenge'), body);
      if (!registered) throw refusal;
      const passkey: StoredPasskey = {
        ...registered,
        id: ids.id(),
        userId: own.userId,
        name: body.name.trim(),
        createdAt: clock.now().toISOString(),
        lastUsedAt: null,
      };
      await store.transaction(async (repos) => {
        await rules.requireSecondFactorOnceEnrolled(repos, session);
        if (!(await repos.passkeys.insert(passkey))) throw conflict('This passkey is registered already');
        await audit.record(repos, actor, {
          action: 'passkey.added',
          organizationId: null,
          target: passkey.id,
          detail: { name: passkey.name },
        });
      });
      const account = await store.accounts.find(own.userId);
      if (account) mailbox.changed(account.email, `The passkey '${passkey.name}' was added`);
      return passkey;
    },

    async rename(actor: Actor, { userId }: OwnSession, id: string, name: string): Promise<StoredPasskey> {
      return await store.transaction(async (repos) => {
        const passkey = await repos.passkeys.rename(userId, id, name.trim());
        if (!passkey) throw notFound('Passkey', id);
        await audit.record(repos, actor, {
          action: 'passkey.renamed',
          organizationId: null,
          target: id,
          detail: { name: passkey.name },
        });
        return passkey;
      });
    },

    /** Refused where nothing else would be left that an organization of the person asks for. The e-mail code is always a way in. */
    async remove(actor: Actor, own: OwnSession, id: string): Promise<void> {
      const { userId } = own;
      const session = await sessions.current(userId, own.sessionId);
      rules.requireRecent(session);
      const removed = await store.transaction(async (repos) => {
        await rules.requireSecondFactorOnceEnrolled(repos, session);
        const passkey = await repos.passkeys.remove(userId, id);
        if (!passkey) throw notFound('Passkey', id);
        const another =
          (await repos.passkeys.list(userId)).length > 0 || (await rules.hasStrongPassword(repos, userId));
        if (!another && (await repos.passkeys.secondFactorAsked(userId))) {
          throw conflict(
            'An organization of yours asks for a second factor, and this passkey is your only one. Add another first',
          );
        }
        await audit.record(repos, actor, {
          action: 'passkey.removed',
          organizationId: null,
          target: id,
          detail: { name: passkey.name },
        });
        return passkey;
      });
      const account = await store.accounts.find(userId);
      if (account) mailbox.changed(account.email, `The passkey '${removed.name}' was removed`);
    },
  };
}
export type OwnPasskeys = ReturnType<typeof createOwnPasskeys>;

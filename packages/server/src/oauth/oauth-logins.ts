import { parseToken } from '@pipecat-cloud/contract/token-format';
import type { OauthFacts } from '../access/authenticator.js';
import { type Actor, systemActor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { notFound } from '../errors.js';
import type { Notify } from '../notifications/notify.js';
import type { Clock } from '../system.js';
import { nameOfClient } from './oauth-endpoints.js';
import type { LoginEnd, OauthLogin } from './oauth-login-repository.js';
import type { RecordDigests } from './record-digests.js';

interface OauthLoginsDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  digests: RecordDigests;
  notify?: Notify | undefined;
  publicUrl: string;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How long an ended sign-in, and an expired record, is kept. */
const keptDays = 90;

/** Sign-ins of the command line: whose a token is, and how a sign-in ends. */
export function createOauthLogins({ store, clock, audit, digests, notify, publicUrl }: OauthLoginsDeps) {
  /** Once this has returned, nothing of the sign-in is accepted any more. Safe to repeat. */
  async function end(grantDigest: string, cause: LoginEnd, actor: Actor): Promise<void> {
    await store.changeAccess(async (repos) => {
      await repos.oauthRecords.removeByGrant(grantDigest);
      const login = await repos.oauthLogins.end(grantDigest, cause, clock.now());
      if (!login) return;
      const detail = { cause, client: login.clientId, owner: login.userId };
      await audit.record(repos, actor, { action: 'login.ended', organizationId: null, target: login.id, detail });
      if (cause === 'replay') await tellOfReplay(repos, login);
    });
  }

  async function tellOfReplay(repos: Repositories, login: OauthLogin): Promise<void> {
    const client = nameOfClient(login.clientId);
    await notify?.(repos, {
      kind: 'token.reused',
      organizationId: null,
      userIds: [login.userId],
      subject: `A sign-in of the ${client} was used twice and has ended`,
      text:
        `A code or refresh token of the sign-in of ${login.createdAt} (from ${login.address ?? 'an unknown address'}) came a second time. ` +
        'Either an answer was lost and your client asked again, or somebody has copied your credentials file. ' +
        `The sign-in has ended; nothing that it led to works any more. Look at your sign-ins: ${publicUrl}/account/logins`,
      data: { loginId: login.id, userId: login.userId },
    });
  }

  /** The grant that a token value belongs to, also when it was used or has expired: whoever holds it may end it. */
  async function grantOf(value: string, repos: Repositories = store): Promise<string | undefined> {
    const model = modelOf(value);
    if (!model) return undefined;
    return (await repos.oauthRecords.find(model, digests.ofId(model, value)))?.grantDigest ?? undefined;
  }

  /** Undefined when the token is malformed, unknown or expired, or its sign-in ended. One indexed read. */
  async function loginOf(value: string): Promise<OauthFacts | undefined> {
    const model = modelOf(value);
    const found = model && (await store.oauthLogins.ofToken(model, digests.ofId(model, value), clock.now()));
    if (!found) return undefined;
    const { login, tokenExpiresAt } = found;
    // Both ISO texts.
    const [expiresAt = tokenExpiresAt] = [tokenExpiresAt, login.expiresAt].sort();
    return { userId: login.userId, grantId: login.id, secondFactor: login.secondFactor, expiresAt };
  }

  return {
    /** Whose access token it is. A refresh token opens nothing, and is nobody's here. */
    async oauthOf(value: string): Promise<OauthFacts | undefined> {
      return modelOf(value) === 'AccessToken' ? await loginOf(value) : undefined;
    },

    /** Whose access or refresh token it is, for those who look for leaks. */
    loginOf,

    list: (userId: string) => store.oauthLogins.listOfUser(userId, clock.now()),

    /** Throws 404 for a sign-in that is not this person's or has ended. */
    async endOwn(userId: string, actor: Actor, id: string): Promise<void> {
      const login = await store.oauthLogins.findOfUser(userId, id);
      if (!login) throw notFound('Sign-in', id);
      await end(login.grantDigest, 'owner', actor);
    },

    /** Ends what the values belong to. True where at least one belonged to something. */
    async endByValues(values: readonly string[], cause: LoginEnd, actor: Actor): Promise<boolean> {
      const grants = new Set<string>();
      for (const value of values) {
        const grant = await grantOf(value);
        if (grant) grants.add(grant);
      }
      for (const grant of grants) await end(grant, cause, actor);
      return grants.size > 0;
    },

    /**
     * For panic: ends what the person's command lines have made or renewed since then, inside the caller's `changeAccess`. The ids of
     * the sign-ins that it ended.
     */
    async endSince(repos: Repositories, userId: string, since: Date, actor: Actor): Promise<string[]> {
      const logins = await repos.oauthLogins.endOfUserSince(userId, since, 'panic', clock.now());
      for (const login of logins) {
        await repos.oauthRecords.removeByGrant(login.grantDigest);
        const detail = { cause: 'panic', client: login.clientId, owner: userId };
        await audit.record(repos, actor, { action: 'login.ended', organizationId: null, target: login.id, detail });
      }
      return logins.map(({ id }) => id);
    },

    /** For whoever holds a token of it, inside the caller's `changeAccess` and audit. Undefined where the value belongs to nothing. */
    async endHeld(
      repos: Repositories,
      value: string,
    ): Promise<{ grantId: string; userId: string; ended: true } | undefined> {
      const grantDigest = await grantOf(value, repos);
      if (grantDigest === undefined) return undefined;
      await repos.oauthRecords.removeByGrant(grantDigest);
      const login = await repos.oauthLogins.end(grantDigest, 'revoked', clock.now());
      return login && { grantId: login.id, userId: login.userId, ended: true };
    },

    endReplayed: (grantDigest: string) => end(grantDigest, 'replay', systemActor),

    /** Expired records stay for a day, so that a late device hears that its code has expired. */
    async sweep(): Promise<void> {
      const now = clock.now().getTime();
      await store.oauthRecords.removeExpired(new Date(now - dayMs));
      await store.oauthLogins.removeOver(new Date(now - keptDays * dayMs));
    },
  };
}
export type OauthLogins = ReturnType<typeof createOauthLogins>;

/** As what the OAuth library keeps a value; undefined for what is malformed or no token of its. */
function modelOf(value: string): 'AccessToken' | 'RefreshToken' | undefined {
  const kind = parseToken(value)?.kind;
  return kind === 'oauth' ? 'AccessToken' : kind === 'refresh' ? 'RefreshToken' : undefined;
}

import type { PanicBody, PanicResult } from '@pipecat-cloud/contract/tokens';
import type { CredentialUse } from '../access/credential-use.js';
import type { Actor, OrganizationAccess, Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest } from '../errors.js';
import type { Notify } from '../notifications/notify.js';
import { tokenRevoked } from '../notifications/texts.js';
import type { Clock } from '../system.js';
import { belongsTo } from './organization-tokens.js';
import { isLive, presentTokens } from './present-token.js';
import type { StoredToken } from './stored-token.js';
import { requireTokenManager } from './token-authority.js';
import { presentTokensIn } from './token-reach.js';

interface TokenPanicDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  uses: Pick<CredentialUse, 'flush'>;
  notify: Notify;
  /** Ends what a person's command lines signed in to or renewed since then; the ids of those sign-ins. */
  endLoginsSince: (repos: Repositories, userId: string, since: Date, actor: Actor) => Promise<string[]>;
}

/** Ends everything that was issued or used since a time: for when something leaked and nobody knows what. */
export function createTokenPanic({ store, clock, audit, uses, notify, endLoginsSince }: TokenPanicDeps) {
  const touchedSince = (since: string) => (token: StoredToken) =>
    isLive(token, clock.now()) &&
    (token.createdAt >= since || (token.lastUsedAt !== null && token.lastUsedAt >= since));

  /** `organizationId`: whose admin does it; null for a person's own. */
  async function end(
    repos: Repositories,
    actor: Actor,
    tokens: readonly StoredToken[],
    reason: string,
    organizationId: string | null,
  ): Promise<void> {
    const ids = tokens.map(({ id }) => id);
    const now = clock.now();
    await repos.tokens.revoke(ids, { by: actor.id, cause: 'panic', reason }, now);
    for (const token of tokens)
      await notify(repos, tokenRevoked({ token, at: now, cause: 'panic', why: reason, organizationId }));
  }

  const readAgain = async (ended: readonly StoredToken[]): Promise<StoredToken[]> => {
    const again = await Promise.all(ended.map(({ id }) => store.tokens.find(id)));
    return again.filter((token) => token !== undefined);
  };

  return {
    /**
     * The caller's own personal tokens, the sign-ins of their command lines, and all of their dashboard sessions but the one that asks:
     * a person who does not know what leaked can't tell which of those is theirs either.
     */
    async ofPerson(principal: Principal, actor: Actor, body: PanicBody): Promise<PanicResult> {
      if (principal.kind !== 'user') throw new Error('Only people have personal tokens');
      if (body.userId ?? body.serviceAccountId)
        throw badRequest('userId and serviceAccountId belong to the panic of an organization');
      const since = readSince(body);
      await uses.flush();
      const ended = await store.changeAccess(async (repos) => {
        const touched = (await repos.tokens.listOfUser(principal.userId)).filter(touchedSince(since));
        await end(repos, actor, touched, `revoked by its owner with everything used since ${since}`, null);
        const logins = await endLoginsSince(repos, principal.userId, new Date(since), actor);
        const asking = principal.via === 'session' ? principal.sessionId : undefined;
        const endedSessions = await repos.dashboardSessions.removeOthers(principal.userId, asking);
        await audit.record(repos, actor, {
          action: 'token.panic',
          organizationId: null,
          target: principal.userId,
          detail: { since, ended: touched.map(({ id }) => id), logins, endedSessions },
        });
        return touched;
      });
      return { revoked: await presentTokens(store, await readAgain(ended), clock.now()) };
    },

    /**
     * In an organization: tokens of its service accounts and its private and public keys are revoked; personal tokens that reach
     * others too are only cut off from this one.
     */
    async ofOrganization(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      body: PanicBody,
    ): Promise<PanicResult> {
      requireTokenManager(principal);
      const { userId, serviceAccountId } = body;
      if (userId && serviceAccountId) throw badRequest('Give userId or serviceAccountId, not both');
      const since = readSince(body);
      await uses.flush();
      const wanted = (token: StoredToken) =>
        (!userId || (token.owner.kind === 'user' && token.owner.id === userId)) &&
        (!serviceAccountId ||
          (token.owner.kind === 'serviceAccount' && [token.owner.id, token.owner.name].includes(serviceAccountId)));
      const everything = !userId && !serviceAccountId;
      const ended = await store.changeAccess(async (repos) => {
        const now = clock.now();
        const reaching = await repos.tokens.listReaching(organization.id);
        const touched = reaching.filter(touchedSince(since)).filter(wanted);
        const own = touched.filter((token) => belongsTo(token, organization.id));
        const reason = `revoked by an admin of ${organization.name} with everything used since ${since}`;
        await end(repos, actor, own, reason, organization.id);
        const others = touched.filter((token) => !own.includes(token)).map(({ familyId }) => familyId);
        const denied = await repos.tokens.lockTrees(others);
        await repos.policies.decide(organization.id, denied, { state: 'denied', by: actor.id, at: now });
        const keys = everything
          ? (await repos.apiKeys.list(organization.id)).filter(
              ({ createdAt, lastUsedAt, revokedAt }) =>
                !revokedAt && (createdAt >= since || (lastUsedAt !== null && lastUsedAt >= since)),
            )
          : [];
        for (const { id } of keys) await repos.apiKeys.revoke(organization.id, id, now);
        await audit.record(repos, actor, {
          action: 'organization.panic',
          organizationId: organization.id,
          target: userId ?? serviceAccountId ?? organization.id,
          detail: { since, tokens: touched.map(({ id }) => id), apiKeys: keys.map(({ id }) => id) },
        });
        return touched;
      });
      return { revoked: await presentTokensIn(store, organization.id, await readAgain(ended), clock.now()) };
    },
  };
}
export type TokenPanic = ReturnType<typeof createTokenPanic>;

function readSince({ since }: PanicBody): string {
  const time = new Date(since);
  if (Number.isNaN(time.getTime())) throw badRequest(`since: there is no time '${since}'`);
  return time.toISOString();
}

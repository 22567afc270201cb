import type { Provider } from 'oidc-provider';
import type { Actor, Origin } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { Clock, Ids } from '../system.js';
import type { LoginVia } from './oauth-login-repository.js';
import { loginSeconds } from './oauth-provider.js';
import type { RecordDigests } from './record-digests.js';

export interface OauthGrantsDeps {
  provider: () => Promise<Provider>;
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: RecordDigests;
}

/** Who decides, as the dashboard's session says. */
export interface Decider {
  userId: string;
  secondFactor: boolean;
  actor: Actor;
  origin: Origin;
}
export type Decision = 'allow' | 'deny';

/** What a person's decision leaves behind. */
export function createOauthGrants({ provider, store, clock, ids, audit, digests }: OauthGrantsDeps) {
  /** The grant and its sign-in; only then can tokens be made of it. */
  async function grant(
    decider: Decider,
    clientId: string,
    scope: string,
    via: LoginVia,
    from: Origin,
  ): Promise<string> {
    const { Grant } = await provider();
    const made = new Grant({ accountId: decider.userId, clientId });
    made.addOIDCScope(scope);
    const grantId = await made.save();
    const now = clock.now();
    const id = ids.id();
    await store.transaction(async (repos) => {
      await repos.oauthLogins.insert({
        id,
        userId: decider.userId,
        grantDigest: digests.ofGrant(grantId),
        clientId,
        via,
        address: from.address,
        userAgent: from.userAgent?.slice(0, 200) ?? null,
        secondFactor: decider.secondFactor,
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + loginSeconds * 1000).toISOString(),
      });
      const detail = { client: clientId, via, address: from.address };
      await audit.record(repos, decider.actor, { action: 'login.allowed', organizationId: null, target: id, detail });
    });
    return grantId;
  }

  async function recordDenial(decider: Decider, clientId: string, via: LoginVia): Promise<void> {
    const detail = { client: clientId, via };
    await store.transaction((repos) =>
      audit.record(repos, decider.actor, { action: 'login.denied', organizationId: null, detail }),
    );
  }

  return { grant, recordDenial };
}
export type OauthGrants = ReturnType<typeof createOauthGrants>;

export const amrOf = ({ secondFactor }: Decider) => (secondFactor ? ['mfa'] : ['otp']);
export const scopesOf = (params: object | undefined) =>
  String((params as { scope?: unknown } | undefined)?.scope ?? 'openid');
/** Seconds of the protocol as a time of the API. */
export const timeOf = (seconds: number | undefined) => new Date((seconds ?? 0) * 1000).toISOString();

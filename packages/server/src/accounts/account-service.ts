import type { WhoAmI } from '@pipecat-cloud/contract/accounts';
import type { Authorizer } from '../access/authorize.js';
import type { Actor, Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, notFound } from '../errors.js';

export function createAccountService({
  store,
  audit,
  authorizer,
}: {
  store: Store;
  audit: Audit;
  authorizer: Pick<Authorizer, 'reach'>;
}) {
  return {
    /** A service account has no address; its `userId` says what it is in words, for clients that print it. */
    whoAmI: (principal: Principal): Promise<WhoAmI> => whoAmI(store, principal),

    /** The organization must be one that the caller reaches. It comes first in `GET /v1/organizations` from then on. */
    async setDefaultOrganization(principal: Principal, actor: Actor, nameOrId: string): Promise<WhoAmI> {
      if (principal.kind !== 'user') throw badRequest('Only people have a default organization');
      const reachable = await authorizer.reach(principal);
      const organization = reachable.find(({ id, name }) => name === nameOrId || id === nameOrId);
      // The same answer whether it exists or not.
      const refusal = () =>
        badRequest(
          `'${nameOrId}' is none of your organizations (${reachable.map(({ name }) => name).join(', ') || 'you have none'}); name one of them`,
        );
      if (!organization) throw refusal();
      return await store.changeAccess(async (repos) => {
        const before = await repos.accounts.find(principal.userId);
        // Membership may have ended since it was looked at.
        if (!(await repos.accounts.setDefault(principal.userId, organization.id))) throw refusal();
        if (before?.defaultOrganizationId !== organization.id) {
          await audit.record(repos, actor, {
            action: 'account.default_changed',
            organizationId: null,
            target: principal.userId,
            detail: { from: before?.defaultOrganizationId ?? null, to: organization.id },
          });
        }
        return await whoAmI(repos, principal);
      });
    },
  };
}
export type AccountService = ReturnType<typeof createAccountService>;

async function whoAmI(
  repos: Pick<Repositories, 'accounts' | 'organizations' | 'serviceAccounts'>,
  principal: Principal,
): Promise<WhoAmI> {
  if (principal.kind === 'serviceAccount') {
    const { organizationId, serviceAccountId } = principal;
    const organization = await repos.organizations.find(organizationId);
    const account = await repos.serviceAccounts.find(organizationId, serviceAccountId);
    if (!organization || !account) throw notFound('Service account', 'self');
    return { user: { userId: `serviceAccount/${organization.name}/${account.name}`, emails: [] } };
  }
  const account = principal.kind === 'user' ? await repos.accounts.find(principal.userId) : undefined;
  if (!account) throw notFound('User', 'self');
  return { user: { userId: account.id, emails: [{ emailAddress: account.email }] } };
}

import { defaultPolicy, type Policy } from '@pipecat-cloud/contract/policies';
import type { Store } from '../db/store.js';
import type { Membership, Organization } from '../organizations/organization-repository.js';
import type { TokenDecision } from '../organizations/policy-repository.js';
import type { AccessCache } from './access-cache.js';
import type { Principal } from './principal.js';

/** An organization that a caller may reach, with the caller's role of now and what the organization asks of credentials. */
export interface Reach extends Membership {
  policy: Policy;
}

/** Memberships, policies and approvals, read through the access cache: a request whose caller is known asks no database. */
export function createAccessFacts({ store, cache }: { store: Store; cache: AccessCache }) {
  const withPolicies = async (memberships: readonly Membership[]): Promise<readonly Reach[]> => {
    const policies = await store.policies.listOf(memberships.map(({ id }) => id));
    return memberships.map((membership) => ({ ...membership, policy: policies.get(membership.id) ?? defaultPolicy }));
  };

  return {
    /** In the order of the contract: the default organization first (§3.7). */
    async reachOf(principal: Principal): Promise<readonly Reach[]> {
      if (principal.kind === 'user') {
        const { userId } = principal;
        return await cache.through(`user:${userId}`, async () =>
          withPolicies(await store.organizations.listOfUser(userId)),
        );
      }
      if (principal.kind === 'serviceAccount') {
        const { serviceAccountId } = principal;
        return await cache.through(`service-account:${serviceAccountId}`, async () =>
          withPolicies(await store.organizations.listOfServiceAccount(serviceAccountId)),
        );
      }
      return [];
    },

    /** The organization of an API key; undefined once it is deleted. */
    async organizationOf(id: string): Promise<(Organization & { policy: Policy }) | undefined> {
      const { found } = await cache.through(`organization:${id}`, async () => {
        const organization = await store.organizations.find(id);
        const policies = await store.policies.listOf([id]);
        return { found: organization && { ...organization, policy: policies.get(id) ?? defaultPolicy } };
      });
      return found;
    },

    async decisionOf(organizationId: string, tokenId: string): Promise<TokenDecision> {
      const { state } = await cache.through(`decision:${organizationId}:${tokenId}`, async () => ({
        state: await store.policies.decisionOf(organizationId, tokenId),
      }));
      return state;
    },
  };
}
export type AccessFacts = ReturnType<typeof createAccessFacts>;

import { rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import type { Clock } from '../system.js';
import { effectivePermissions } from './grants.js';
import { isLive } from './present-token.js';
import type { StoredToken } from './stored-token.js';
import { presentToken } from './token-minting.js';
import { reachingOthers } from './token-reach.js';

export interface Adoption {
  organizationId: string;
  token: StoredToken;
  /** Or its name. */
  serviceAccountId: string;
  actor: Actor;
}

/** `adopt` as other domains take it. */
export type AdoptToken = (repos: Repositories, adoption: Adoption) => Promise<unknown>;

/**
 * Moves a person's token to a service account of the organization without changing its secret, so that what uses it goes on when
 * the person leaves. What it may do is frozen to what it could do there just before: the new owner must be allowed all of that,
 * and gives it nothing more. A token that reaches other organizations is not this one's to take.
 */
export function createTokenAdoption({ clock, audit }: { clock: Clock; audit: Audit }) {
  return {
    /** Inside `store.changeAccess`. Throws 400, 404 or 409 with the way out. */
    async adopt(
      repos: Repositories,
      { organizationId, token, serviceAccountId: wanted, actor }: Adoption,
    ): Promise<Token> {
      const now = clock.now();
      // In the order of a rotation and of the first use of its successor.
      if (token.predecessorId) await repos.tokens.lock(token.predecessorId);
      await repos.tokens.lock(token.id);
      const current = (await repos.tokens.find(token.id)) as StoredToken;
      if (!isLive(current, now)) throw conflict(`The token '${current.name}' is over: there is nothing to adopt`);
      if (current.owner.kind !== 'user')
        throw conflict(`The token '${current.name}' belongs to a service account already`);
      if (current.parentId)
        throw conflict(`The token '${current.name}' was derived from another and ends with it: adopt that one instead`);
      const account = await repos.serviceAccounts.findByIdOrName(organizationId, wanted);
      if (!account) throw notFound('Service account', wanted);
      if (account.disabledAt) throw conflict(`The service account '${account.name}' is disabled; enable it first`);
      const reach = await repos.organizations.listOfUser(current.owner.id);
      const membership = reach.find(({ id }) => id === organizationId);
      if (!membership || !(current.grant.organizations?.includes(organizationId) ?? true))
        throw notFound('Token', token.id);
      if ((await reachingOthers(repos, organizationId, [current])).has(current.id))
        throw conflict(
          `The token '${current.name}' reaches other organizations too, where it would stop: only one that reaches ${membership.name} alone can be adopted. Its owner can make such a one: pipecat cloud token create --organization-only ${membership.name}`,
        );
      const held = [...effectivePermissions(membership.role, current.grant)];
      const missing = held.filter((name) => !rolePermissions[account.role].has(name));
      if (missing.length > 0)
        throw badRequest(
          `The service account '${account.name}' has the role ${account.role}, which lacks what the token holds: ${missing.join(', ')}. Give it a higher role, or choose another`,
        );
      const { preset: _, ...restrictions } = current.grant;
      const grant = { ...restrictions, permissions: held, organizations: [organizationId] };
      // A rotation that is under way goes with it: both secrets are of the same token, and what was derived belongs to the one that made it.
      const family = await repos.tokens.liveOfFamily(current.familyId);
      for (const id of family) await repos.tokens.adopt(id, { id: account.id, organizationId }, grant);
      const children = await repos.tokens.liveChildren(family);
      await repos.tokens.revoke(
        children,
        { by: actor.id, cause: 'parent', reason: 'the token that it was derived from went to a service account' },
        now,
      );
      await audit.record(repos, actor, {
        action: 'token.adopted',
        organizationId,
        target: current.id,
        detail: { name: current.name, from: current.owner.id, serviceAccount: account.id, permissions: held },
      });
      return await presentToken(repos, current.id, now);
    },
  };
}
export type TokenAdoption = ReturnType<typeof createTokenAdoption>;

import type {
  CreatedToken,
  CreateTokenBody,
  DecisionBody,
  RotatedToken,
  RotateTokenBody,
  Token,
} from '@pipecat-cloud/contract/tokens';
import type { Actor, OrganizationAccess, Principal } from '../access/principal.js';
import { conflict, notFound } from '../errors.js';
import type { Notify } from '../notifications/notify.js';
import { tokenRevoked } from '../notifications/texts.js';
import type { StoredServiceAccount } from '../service-accounts/service-account-repository.js';
import { readGrant } from './grants.js';
import { readEnd } from './lifetime.js';
import { presentTokens } from './present-token.js';
import type { StoredToken } from './stored-token.js';
import type { TokenAdoption } from './token-adoption.js';
import { requireTokenManager, requireWithin } from './token-authority.js';
import { parentOfMade } from './token-lineage.js';
import { insertToken, makeSecret } from './token-minting.js';
import { refuseUseless, shortestLife } from './token-policies.js';
import { presentTokensIn } from './token-reach.js';
import type { TokenRotation } from './token-rotation.js';
import { readName, type TokenServiceDeps } from './token-service.js';

/** How long a service account's token lives when nothing else is asked for. */
const defaultDays = 180;

/** What an organization's admins do with tokens that reach it, and with those of its service accounts. */
export function createOrganizationTokens(
  deps: TokenServiceDeps & { adoption: TokenAdoption; rotation: TokenRotation; notify: Notify },
) {
  const { store, clock, ids, audit, adoption, rotation, notify } = deps;

  async function accountOf(organization: OrganizationAccess, idOrName: string): Promise<StoredServiceAccount> {
    const account = await store.serviceAccounts.findByIdOrName(organization.id, idOrName);
    if (!account) throw notFound('Service account', idOrName);
    return account;
  }

  /** A token that reaches the organization; 404 for any other, whether it exists or not. */
  async function findReaching(organization: OrganizationAccess, id: string): Promise<StoredToken> {
    const token = await store.tokens.find(id);
    if (!token || !(await reaches(token, organization.id))) throw notFound('Token', id);
    return token;
  }

  async function reaches({ owner, grant }: StoredToken, organizationId: string): Promise<boolean> {
    if (owner.kind === 'serviceAccount') return owner.organizationId === organizationId;
    if (!(grant.organizations?.includes(organizationId) ?? true)) return false;
    const memberships = await store.organizations.listOfUser(owner.id);
    return memberships.some(({ id }) => id === organizationId);
  }

  async function findOfAccount(
    organization: OrganizationAccess,
    serviceAccount: string,
    tokenId: string,
  ): Promise<StoredToken> {
    const account = await accountOf(organization, serviceAccount);
    const token = await store.tokens.findOfServiceAccount(organization.id, account.id, tokenId);
    if (!token) throw notFound('Token', tokenId);
    return token;
  }

  /** Of the token, its successors, its predecessors and all that was derived from them: a decision is not to be shaken off by a rotation. */
  async function decide(
    organization: OrganizationAccess,
    actor: Actor,
    token: StoredToken,
    state: DecisionBody['state'],
  ): Promise<void> {
    await store.changeAccess(async (repos) => {
      const tree = await repos.tokens.lockTrees([token.familyId]);
      await repos.policies.decide(organization.id, tree, { state, by: actor.id, at: clock.now() });
      await audit.record(repos, actor, {
        action: `token.${state}`,
        organizationId: organization.id,
        target: token.id,
        detail: { name: token.name, owner: token.owner.id },
      });
    });
  }

  /** Ends what belongs to this organization alone; a token that reaches others too only stops reaching this one. */
  async function end(organization: OrganizationAccess, actor: Actor, token: StoredToken): Promise<void> {
    if (!belongsTo(token, organization.id)) return await decide(organization, actor, token, 'denied');
    await store.changeAccess(async (repos) => {
      const reason = `revoked by an admin of ${organization.name}`;
      if ((await repos.tokens.revoke([token.id], { by: actor.id, cause: 'admin', reason }, clock.now())).length === 0)
        return;
      await audit.record(repos, actor, {
        action: 'token.revoked',
        organizationId: organization.id,
        target: token.id,
        detail: { name: token.name, cause: 'admin' },
      });
      const facts = { token, at: clock.now(), cause: 'admin', why: reason, organizationId: organization.id } as const;
      await notify(repos, tokenRevoked(facts));
    });
  }

  return {
    /** Newest first, ended ones included; personal tokens with what the organization decided about them, without what is others' business. */
    async list(organization: OrganizationAccess): Promise<Token[]> {
      const tokens = await store.tokens.listReaching(organization.id);
      const decisions = await store.policies.decisions(organization.id);
      const presented = await presentTokensIn(store, organization.id, tokens, clock.now());
      return presented.map((token) => ({
        ...token,
        ...(token.kind === 'personal' ? { decision: decisions.get(token.id) ?? 'pending' } : {}),
      }));
    },

    async end(organization: OrganizationAccess, principal: Principal, actor: Actor, id: string): Promise<void> {
      requireTokenManager(principal);
      await end(organization, actor, await findReaching(organization, id));
    },

    async decide(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      id: string,
      { state }: DecisionBody,
    ): Promise<void> {
      requireTokenManager(principal);
      const token = await findReaching(organization, id);
      if (token.owner.kind !== 'user') throw conflict('Only personal tokens are approved; end this one instead');
      await decide(organization, actor, token, state);
    },

    async adopt(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      id: string,
      serviceAccount: string,
    ): Promise<Token> {
      requireTokenManager(principal);
      const token = await findReaching(organization, id);
      return await store.changeAccess((repos) =>
        adoption.adopt(repos, { organizationId: organization.id, token, serviceAccountId: serviceAccount, actor }),
      );
    },

    async listOfServiceAccount(organization: OrganizationAccess, serviceAccount: string): Promise<Token[]> {
      const account = await accountOf(organization, serviceAccount);
      return await presentTokens(
        store,
        await store.tokens.listOfServiceAccount(organization.id, account.id),
        clock.now(),
      );
    },

    /**
     * A token of a service account. It reaches that organization alone, and does at most what the account's role of then allows. Made by
     * a derived token it is its child.
     */
    async createForServiceAccount(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      serviceAccount: string,
      body: CreateTokenBody,
    ): Promise<CreatedToken> {
      requireTokenManager(principal);
      const now = clock.now();
      const account = await accountOf(organization, serviceAccount);
      if (account.disabledAt) throw conflict(`The service account '${account.name}' is disabled; enable it first`);
      const grant = readGrant(body.grant ?? {}, [organization]);
      const policy = organization.policy ? [{ ...organization, role: account.role, policy: organization.policy }] : [];
      const expiresAt = readEnd(body, shortestLife(policy, defaultDays), now);
      requireWithin(principal, { ...grant, organizations: [organization.id] }, expiresAt);
      refuseUseless(policy, { kind: 'serviceAccount', createdAt: now.toISOString(), expiresAt });
      const secret = makeSecret(deps, 'serviceAccount');
      const id = ids.id();
      return await store.changeAccess(async (repos) => {
        // Read again: it may have been disabled or deleted meanwhile.
        await repos.serviceAccounts.lock(account.id);
        const current = await repos.serviceAccounts.find(organization.id, account.id);
        if (!current || current.disabledAt)
          throw conflict(`The service account '${account.name}' was just disabled or deleted`);
        const made = await insertToken(
          repos,
          secret,
          {
            id,
            kind: 'serviceAccount',
            userId: null,
            serviceAccount: { id: account.id, organizationId: organization.id },
            name: readName(body.name),
            grant,
            createdAt: now.toISOString(),
            expiresAt,
            createdBy: actor.id,
            ...(await parentOfMade(repos, principal, now)),
          },
          now,
        );
        await audit.record(repos, actor, {
          action: 'token.created',
          organizationId: organization.id,
          target: id,
          detail: { name: body.name, serviceAccount: account.id, expiresAt, grant },
        });
        return made;
      });
    },

    async rotateOfServiceAccount(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      serviceAccount: string,
      tokenId: string,
      body: RotateTokenBody,
    ): Promise<RotatedToken> {
      const token = await findOfAccount(organization, serviceAccount, tokenId);
      return await rotation.rotate(principal, actor, token, body);
    },

    async revokeOfServiceAccount(
      organization: OrganizationAccess,
      principal: Principal,
      actor: Actor,
      serviceAccount: string,
      tokenId: string,
    ): Promise<void> {
      requireTokenManager(principal);
      await end(organization, actor, await findOfAccount(organization, serviceAccount, tokenId));
    },
  };
}
export type OrganizationTokens = ReturnType<typeof createOrganizationTokens>;

/** True for a token that reaches this organization and no other. */
export function belongsTo({ owner, grant }: StoredToken, organizationId: string): boolean {
  if (owner.kind === 'serviceAccount') return owner.organizationId === organizationId;
  return grant.organizations?.length === 1 && grant.organizations[0] === organizationId;
}

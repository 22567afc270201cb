import type { Member, RemovedMember, RemoveMemberBody } from '@pipecat-cloud/contract/members';
import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { conflict, notFound } from '../errors.js';
import type { Clock } from '../system.js';
import { belongsTo } from '../tokens/organization-tokens.js';
import type { AdoptToken } from '../tokens/token-adoption.js';
import { presentTokensIn } from '../tokens/token-reach.js';
import { type Caller, lockOrganization, makerOf } from './caller.js';
import { decideFates, liveTokensOf } from './leaver-tokens.js';
import type { StoredMember } from './member-repository.js';
import { requireReach, rolesAbove } from './role-rules.js';

interface MemberServiceDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  adoptToken: AdoptToken;
}

/** People of an organization. Every change holds the organization's lock, so that the last owner stays whatever happens at once. */
export function createMemberService({ store, clock, audit, adoptToken }: MemberServiceDeps) {
  async function find(repos: Repositories, organizationId: string, userId: string): Promise<StoredMember> {
    const member = await repos.members.find(organizationId, userId);
    if (!member) throw notFound('Member', userId);
    return member;
  }

  /** Ends the membership and what hangs on it; the tokens are the caller's to deal with before. */
  async function endMembership(repos: Repositories, { organization }: Caller, member: StoredMember): Promise<void> {
    await requireAnotherOwner(repos, organization, member);
    await repos.members.remove(organization.id, member.userId);
    // An invitation to a second address of theirs would bring them back.
    await repos.invitations.revokeBy(organization.id, member.userId, rolesAbove(undefined), clock.now());
  }

  return {
    async list(organizationId: string): Promise<Member[]> {
      return await store.members.list(organizationId);
    },

    /** Live tokens of the person that reach the organization: what `remove` asks about. */
    async listTokens({ organization }: Caller, userId: string): Promise<Token[]> {
      await find(store, organization.id, userId);
      const now = clock.now();
      return await presentTokensIn(
        store,
        organization.id,
        await liveTokensOf(store, organization.id, userId, now),
        now,
      );
    },

    async changeRole(caller: Caller, userId: string, role: Role): Promise<Member> {
      const { organization, actor } = caller;
      return await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        const member = await find(repos, organization.id, userId);
        requireReach(rights, member.role, `Changing the role of ${member.email}`);
        requireReach(rights, role, `Giving the role ${role}`);
        if (role === member.role) return member;
        if (role !== 'owner') await requireAnotherOwner(repos, organization, member);
        await repos.members.setRole(organization.id, userId, role);
        // They could not send these any more.
        await repos.invitations.revokeBy(organization.id, userId, rolesAbove(role), clock.now());
        await audit.record(repos, actor, {
          action: 'member.role_changed',
          organizationId: organization.id,
          target: userId,
          detail: { email: member.email, from: member.role, to: role },
        });
        return { ...member, role };
      });
    },

    /**
     * Throws 409 with `tokens` while a live token of the person that reaches the organization is not named in the body. Once it has
     * returned, this process lets the person and their tokens do nothing more here.
     */
    async remove(caller: Caller, userId: string, body: RemoveMemberBody): Promise<RemovedMember> {
      const { organization, actor } = caller;
      return await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        const member = await find(repos, organization.id, userId);
        requireReach(rights, member.role, `Removing ${member.email}`);
        const now = clock.now();
        const { adopt, end } = await decideFates(repos, organization, member, body.tokens ?? [], now);
        const adopted = new Set<string>();
        for (const { token, serviceAccount } of adopt) {
          if (adopted.has(token.familyId)) continue;
          adopted.add(token.familyId);
          requireReach(rights, serviceAccount.role, `Handing a token to ${serviceAccount.name}`);
          const organizationId = organization.id;
          await adoptToken(repos, { token, serviceAccountId: serviceAccount.id, organizationId, actor });
        }
        const bound = end.filter((token) => belongsTo(token, organization.id)).map(({ id }) => id);
        const reason = `ended by an admin of ${organization.name} when its owner was removed from there`;
        await repos.tokens.revoke(bound, { by: makerOf(caller.principal), cause: 'admin', reason }, now);
        await endMembership(repos, caller, member);
        await audit.record(repos, actor, {
          action: 'member.removed',
          organizationId: organization.id,
          target: userId,
          detail: {
            email: member.email,
            role: member.role,
            adopted: adopt.map(({ token, serviceAccount }) => ({ token: token.id, serviceAccount: serviceAccount.id })),
            revoked: bound,
            cutOff: end.map(({ id }) => id).filter((id) => !bound.includes(id)),
          },
        });
        const shown = async (ids: string[]) => {
          const tokens = await Promise.all(ids.map((id) => repos.tokens.find(id)));
          return await presentTokensIn(
            repos,
            organization.id,
            tokens.filter((token) => token !== undefined),
            now,
          );
        };
        return {
          status: 'OK' as const,
          adopted: await shown(adopt.map(({ token }) => token.id)),
          ended: await shown(end.map(({ id }) => id)),
        };
      });
    },

    /** By the person alone. Tokens of theirs that reach only this organization end; the others reach it no more. */
    async leave(caller: Caller): Promise<void> {
      const { organization, actor } = caller;
      await store.changeAccess(async (repos) => {
        await lockOrganization(repos, caller);
        const member = await find(repos, organization.id, makerOf(caller.principal));
        const now = clock.now();
        const tokens = await liveTokensOf(repos, organization.id, member.userId, now);
        const bound = tokens.filter((token) => belongsTo(token, organization.id)).map(({ id }) => id);
        const reason = `ended when its owner left ${organization.name}, which is all that it reached`;
        await repos.tokens.revoke(bound, { by: member.userId, cause: 'owner', reason }, now);
        await endMembership(repos, caller, member);
        await audit.record(repos, actor, {
          action: 'member.left',
          organizationId: organization.id,
          target: member.userId,
          detail: { email: member.email, role: member.role, revoked: bound },
        });
      });
    },
  };
}
export type MemberService = ReturnType<typeof createMemberService>;

async function requireAnotherOwner(
  repos: Repositories,
  organization: { id: string; name: string },
  member: StoredMember,
): Promise<void> {
  if (member.role !== 'owner' || (await repos.members.countOwners(organization.id)) > 1) return;
  throw conflict(
    `${member.email} is the last owner of ${organization.name}. Make somebody else an owner first, or delete the organization`,
  );
}

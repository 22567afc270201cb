import type { Policy, PolicyBody, PolicyDryRun, PolicyEnvelope } from '@pipecat-cloud/contract/policies';
import { isValidNetwork } from '../access/networks.js';
import { blockedBy } from '../access/policy-rules.js';
import { type Principal, tokenOf } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, conflict } from '../errors.js';
import type { Clock } from '../system.js';
import { presentTokensIn } from '../tokens/token-reach.js';
import { type Caller, lockOrganization, makerOf } from './caller.js';
import { stoppedBy, tokensInReach } from './policy-effect.js';
import type { Rights } from './role-rules.js';

export function createPolicyService({ store, clock, audit }: { store: Store; clock: Clock; audit: Audit }) {
  /** Throws 409 for a policy that would stop the very request that sets it: taking it back would need somebody else. */
  async function refuseLockOut(repos: Repositories, caller: Caller, { role }: Rights, policy: Policy): Promise<void> {
    const { organization, principal, actor } = caller;
    const token = tokenOf(principal);
    if (!token) return refuseWithoutSecondFactor(principal, policy);
    const decision = (await repos.policies.decisions(organization.id)).get(token.id);
    const facts = { ...token, ownerRole: role, ...(decision ? { decision } : {}) };
    const block = blockedBy(policy, facts, { now: clock.now(), address: actor.address ?? '' });
    if (block) {
      throw conflict(
        `This policy would stop the token that you set it with, so nothing was changed. ${block.sentence}`,
      );
    }
  }

  return {
    async get(organizationId: string): Promise<PolicyEnvelope> {
      const { policy, updatedAt } = await store.policies.find(organizationId);
      return { policy, updatedAt };
    },

    /** Absent members stay as they are. Once it has returned, this process lets in nothing that the policy stops. */
    async put(caller: Caller, body: PolicyBody): Promise<PolicyEnvelope> {
      const { organization, actor } = caller;
      return await store.changeAccess(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'org:write');
        const { policy: before, updatedAt } = await repos.policies.find(organization.id);
        const policy = merge(before, body);
        await refuseLockOut(repos, caller, rights, policy);
        const changed = differences(before, policy);
        if (changed.length === 0) return { policy, updatedAt };
        const now = clock.now();
        await repos.policies.put(organization.id, policy, makerOf(caller.principal), now);
        const only = (of: Policy) => Object.fromEntries(changed.map((name) => [name, of[name]]));
        await audit.record(repos, actor, {
          action: 'policy.changed',
          organizationId: organization.id,
          target: organization.id,
          detail: { before: only(before), after: only(policy) },
        });
        return { policy, updatedAt: now.toISOString() };
      });
    },

    /** The live tokens that `put` with the same body would stop and that nothing stops yet. Changes nothing. */
    async dryRun(organizationId: string, body: PolicyBody): Promise<PolicyDryRun> {
      const present = (await store.policies.find(organizationId)).policy;
      const policy = merge(present, body);
      const now = clock.now();
      const stopped = (await tokensInReach(store, organizationId, now)).flatMap((reaching) => {
        const block = stoppedBy(policy, reaching, now);
        return block && !stoppedBy(present, reaching, now) ? [{ token: reaching.token, ...block }] : [];
      });
      const shown = await presentTokensIn(
        store,
        organizationId,
        stopped.map(({ token }) => token),
        now,
      );
      return {
        policy,
        stopped: stopped.flatMap(({ rule, sentence }, index) => {
          const token = shown[index];
          return token ? [{ token, rule, sentence }] : [];
        }),
      };
    },
  };
}
export type PolicyService = ReturnType<typeof createPolicyService>;

function merge(before: Policy, body: PolicyBody): Policy {
  const wrong = body.allowedNetworks?.find((network) => !isValidNetwork(network));
  if (wrong !== undefined) {
    throw badRequest(
      `'${wrong}' is no address and no CIDR block; write it like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32`,
    );
  }
  const networks = body.allowedNetworks && { allowedNetworks: [...new Set(body.allowedNetworks)] };
  return { ...before, ...body, ...networks };
}

function differences(before: Policy, after: Policy): (keyof Policy)[] {
  const names = Object.keys(after) as (keyof Policy)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function refuseWithoutSecondFactor(principal: Principal, policy: Policy): void {
  if (!policy.secondFactorRequired || principal.kind !== 'user' || principal.via === 'token') return;
  if (principal.secondFactor) return;
  throw conflict(
    'This policy would shut you out: you signed in without a second factor. Add one to your account, sign in with it, and set the policy again',
  );
}

import { defaultPolicy } from '@pipecat-cloud/contract/policies';
import type { Logger } from 'pino';
import { systemActor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import { tokenRevoked } from '../notifications/texts.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import type { StoredToken } from '../tokens/stored-token.js';
import { type ReachingToken, stoppedBy, tokensInReach } from './policy-effect.js';
import type { StoredPolicy } from './policy-repository.js';

interface SweepDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  notify: Notify;
}

const hourMs = 60 * 60 * 1000;
/** In one transaction; the rest waits for the next one of the same run. */
const batch = 200;

/** Tokens that nobody has used for as long as an organization's policy says. */
interface Unused {
  /** They reach this organization alone. */
  own: StoredToken[];
  /** They reach others too, whose policies may say something else. */
  shared: StoredToken[];
}

/**
 * Revokes the tokens that nobody has used for as long as the policy of the one organization says that they reach. A personal token
 * that reaches several is denied to this one for good, so that a use elsewhere does not bring it back. Nor does one go that a token in
 * use was derived from. May be repeated, and run by several control planes at once.
 */
export function createUnusedTokenSweep({ store, clock, audit, notify }: SweepDeps) {
  async function unusedTokens(repos: Repositories, { organizationId, policy }: StoredPolicy): Promise<Unused> {
    const now = clock.now();
    // Other rules are no reason to revoke, and must not hide this one.
    const rule = { ...defaultPolicy, revokeUnusedAfterDays: policy.revokeUnusedAfterDays };
    const reaching = await tokensInReach(repos, organizationId, now);
    const [unused, used] = partition(
      reaching,
      (one) => stoppedBy(rule, { ...one, decision: undefined }, now) !== undefined,
    );
    const inUse = ancestorsOf(used, unused);
    const found: Unused = { own: [], shared: [] };
    const elsewhere = new Map<string, readonly string[]>();
    for (const { token, decision } of unused) {
      if (countOf(found) === batch) break;
      if (inUse.has(token.id)) continue;
      const { owner } = token;
      if (owner.kind === 'user' && !elsewhere.has(owner.id)) {
        const memberships = await repos.organizations.listOfUser(owner.id);
        elsewhere.set(
          owner.id,
          memberships.map(({ id }) => id).filter((id) => id !== organizationId),
        );
      }
      const others = elsewhere.get(owner.id) ?? [];
      const isShared = others.some((id) => token.grant.organizations?.includes(id) ?? true);
      if (!isShared) found.own.push(token);
      else if (decision !== 'denied') found.shared.push(token);
    }
    return found;
  }

  async function revoke(repos: Repositories, policy: StoredPolicy, tokens: readonly StoredToken[]): Promise<number> {
    const { organizationId } = policy;
    const days = policy.policy.revokeUnusedAfterDays;
    const name = (await repos.organizations.namesOf([organizationId])).get(organizationId) ?? organizationId;
    const reason = `not used for ${days} days, after which the policy of ${name} ends tokens`;
    const revoked = await repos.tokens.revoke(
      tokens.map(({ id }) => id),
      { by: null, cause: 'policy', reason },
      clock.now(),
    );
    for (const token of tokens.filter(({ id }) => revoked.includes(id))) {
      await record(repos, 'token.revoked', policy, token);
      await notify(repos, tokenRevoked({ token, at: clock.now(), cause: 'policy', why: reason, organizationId }));
    }
    return revoked.length;
  }

  async function deny(repos: Repositories, policy: StoredPolicy, tokens: readonly StoredToken[]): Promise<number> {
    // These alone: of the same line of rotations or derived from them may be some that are in use.
    const ids = tokens.map(({ id }) => id);
    await repos.policies.decide(policy.organizationId, ids, { state: 'denied', by: null, at: clock.now() });
    for (const token of tokens) await record(repos, 'token.denied', policy, token);
    return tokens.length;
  }

  async function record(repos: Repositories, action: string, policy: StoredPolicy, token: StoredToken): Promise<void> {
    const days = policy.policy.revokeUnusedAfterDays;
    await audit.record(repos, systemActor, {
      action,
      organizationId: policy.organizationId,
      target: token.id,
      detail: { name: token.name, owner: token.owner.id, cause: 'policy', lastUsedAt: token.lastUsedAt, days },
    });
  }

  async function stop(repos: Repositories, organizationId: string): Promise<number> {
    // Read again under the lock: the policy may have been taken back, or another control plane may have been here.
    if (!(await repos.organizations.lock(organizationId))) return 0;
    const policy = await repos.policies.find(organizationId);
    if (policy.policy.revokeUnusedAfterDays === null) return 0;
    const { own, shared } = await unusedTokens(repos, policy);
    return (await revoke(repos, policy, own)) + (await deny(repos, policy, shared));
  }

  /** Returns how many it has revoked or denied. */
  return async function sweep(): Promise<number> {
    let count = 0;
    for (const policy of await store.policies.listAll()) {
      if (policy.policy.revokeUnusedAfterDays === null) continue;
      // The look comes before the transaction: most runs find nothing, and must make nobody forget a cache.
      for (;;) {
        const found = countOf(await unusedTokens(store, policy));
        const stopped = found === 0 ? 0 : await store.changeAccess((repos) => stop(repos, policy.organizationId));
        count += stopped;
        if (stopped === 0 || found < batch) break;
      }
    }
    return count;
  };
}

export function createUnusedTokenSweeper({ log, ...deps }: SweepDeps & { log: Logger }) {
  const sweep = createUnusedTokenSweep(deps);
  return createPeriodic({
    run: async () => {
      const count = await sweep();
      if (count > 0) log.info({ count }, 'unused tokens were stopped by policy');
    },
    intervalMs: hourMs,
    onError: (err) => log.warn({ err }, 'unused tokens could not be looked for; the next look is in an hour'),
  });
}

const countOf = ({ own, shared }: Unused) => own.length + shared.length;

/** Of those tokens, the ones that others in use were derived from: these would end with them. */
function ancestorsOf(used: readonly ReachingToken[], candidates: readonly ReachingToken[]): Set<string> {
  const parents = new Map(candidates.map(({ token }) => [token.id, token.parentId]));
  const found = new Set<string>();
  for (const { token } of used) {
    for (let id = token.parentId; id && parents.has(id) && !found.has(id); id = parents.get(id) ?? null) found.add(id);
  }
  return found;
}

function partition<T>(items: readonly T[], matches: (item: T) => boolean): [matching: T[], others: T[]] {
  return [items.filter(matches), items.filter((item) => !matches(item))];
}

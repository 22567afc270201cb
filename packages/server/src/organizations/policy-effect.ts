import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Policy } from '@pipecat-cloud/contract/policies';
import { blockedBy, type PolicyBlock } from '../access/policy-rules.js';
import type { Repositories } from '../db/store.js';
import { isLive } from '../tokens/present-token.js';
import type { StoredToken } from '../tokens/stored-token.js';
import type { TokenDecision } from './policy-repository.js';

/** A live token that reaches an organization, with what its policy looks at. */
export interface ReachingToken {
  token: StoredToken;
  ownerRole: Role;
  decision: TokenDecision | undefined;
}

/** Live tokens that reach the organization; those of a disabled service account are stopped whatever the policy. */
export async function tokensInReach(
  repos: Pick<Repositories, 'tokens' | 'members' | 'policies'>,
  organizationId: string,
  now: Date,
): Promise<ReachingToken[]> {
  const roles = new Map((await repos.members.list(organizationId)).map(({ userId, role }) => [userId, role]));
  const decisions = await repos.policies.decisions(organizationId);
  const reaching = await repos.tokens.listReaching(organizationId);
  return reaching.flatMap((token) => {
    const { owner } = token;
    const disabled = owner.kind === 'serviceAccount' && owner.disabledAt !== null;
    const ownerRole = owner.kind === 'serviceAccount' ? owner.role : roles.get(owner.id);
    if (disabled || !ownerRole || !isLive(token, now)) return [];
    return [{ token, ownerRole, decision: decisions.get(token.id) }];
  });
}

/** What would stop the token if it came now, from where it last came from; of one that was never used that place is not asked. */
export function stoppedBy(
  policy: Policy,
  { token, ownerRole, decision }: ReachingToken,
  now: Date,
): PolicyBlock | undefined {
  const address = token.lastUsedAddress;
  const asked = address === null ? { ...policy, allowedNetworks: [] } : policy;
  const facts = { ...token, ownerRole, ...(decision ? { decision } : {}) };
  const block = blockedBy(asked, facts, { now, address: address ?? '' });
  if (block?.rule !== 'allowedNetworks') return block;
  return { ...block, sentence: `It was last used from ${address}, which is in none of the allowed networks` };
}

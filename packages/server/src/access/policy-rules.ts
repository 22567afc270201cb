import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Policy } from '@pipecat-cloud/contract/policies';
import { allowsAddress } from './networks.js';

/** What the rules look at: a token, and its owner's role of now in the organization. */
export interface PolicyFacts {
  kind: 'personal' | 'serviceAccount' | 'ci';
  ownerRole: Role;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  /** What the organization decided about a personal token. */
  decision?: 'approved' | 'denied' | 'pending';
}
export interface PolicyBlock {
  rule: keyof Policy | 'denied';
  /** One whole sentence without its full stop: what the policy says of the token, and the way out. */
  sentence: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const days = (count: number) => (count === 1 ? '1 day' : `${count} days`);

/**
 * The first rule of an organization's policy that stops a token here and now; undefined when none does. A date that can't be
 * read counts against the token.
 */
export function blockedBy(
  policy: Policy,
  facts: PolicyFacts,
  at: { now: Date; address: string },
): PolicyBlock | undefined {
  return (
    (facts.kind === 'personal' ? personalToken(policy, facts) : undefined) ??
    life(policy, facts) ??
    unused(policy, facts, at.now) ??
    network(policy, at.address)
  );
}

function personalToken(policy: Policy, { ownerRole, decision }: PolicyFacts): PolicyBlock | undefined {
  if (decision === 'denied') {
    return {
      rule: 'denied',
      sentence:
        'An admin of the organization denied this token, or it was not used for as long as the organization allows: ask one of them, or make a new one',
    };
  }
  if (policy.personalTokens === 'nobody') {
    return {
      rule: 'personalTokens',
      sentence: 'The organization lets in no personal tokens: use a token of a service account',
    };
  }
  if (policy.personalTokens === 'admins' && ownerRole !== 'admin' && ownerRole !== 'owner') {
    return {
      rule: 'personalTokens',
      sentence: `The organization lets in personal tokens of admins and owners only, and this one's owner is a ${ownerRole}: use a token of a service account`,
    };
  }
  if (policy.approvalRequired && decision !== 'approved') {
    return {
      rule: 'approvalRequired',
      sentence:
        'An admin of the organization has to approve each personal token first: ask one of them to approve this one',
    };
  }
  return undefined;
}

function life(policy: Policy, { createdAt, expiresAt }: PolicyFacts): PolicyBlock | undefined {
  const { maxTokenDays } = policy;
  if (expiresAt === null) {
    if (policy.expiryRequired) {
      return {
        rule: 'expiryRequired',
        sentence: 'The organization lets in only tokens that expire, and this one never does: make one that does',
      };
    }
    if (maxTokenDays === null) return undefined;
    return {
      rule: 'maxTokenDays',
      sentence: `The organization lets in only tokens that live ${days(maxTokenDays)} at most, and this one never expires: make one that does`,
    };
  }
  // Put so that a date which can't be read counts as too long.
  if (maxTokenDays === null || Date.parse(expiresAt) - Date.parse(createdAt) <= maxTokenDays * dayMs) return undefined;
  return {
    rule: 'maxTokenDays',
    sentence: `The organization lets in only tokens that live ${days(maxTokenDays)} at most, and this one was made on ${createdAt} to live until ${expiresAt}: make one that expires sooner`,
  };
}

function unused(policy: Policy, { createdAt, lastUsedAt }: PolicyFacts, now: Date): PolicyBlock | undefined {
  const limit = policy.revokeUnusedAfterDays;
  if (limit === null || now.getTime() - Date.parse(lastUsedAt ?? createdAt) <= limit * dayMs) return undefined;
  const since = lastUsedAt ? `was last used on ${lastUsedAt}` : `was not used since it was made on ${createdAt}`;
  return {
    rule: 'revokeUnusedAfterDays',
    sentence: `The organization stops tokens that nobody has used for ${days(limit)}, and this one ${since}: make a new one`,
  };
}

function network({ allowedNetworks }: Policy, address: string): PolicyBlock | undefined {
  if (allowedNetworks.length === 0 || allowsAddress(allowedNetworks, address)) return undefined;
  return {
    rule: 'allowedNetworks',
    sentence: `The organization lets in tokens from its allowed networks only, and this request came from ${address}: send it from one of them, or ask an admin to add the address`,
  };
}

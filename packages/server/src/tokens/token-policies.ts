import type { Role } from '@pipecat-cloud/contract/permissions';
import type { Policy } from '@pipecat-cloud/contract/policies';
import { blockedBy } from '../access/policy-rules.js';
import { AppError } from '../errors.js';
import type { StoredToken } from './stored-token.js';

/** The fallback, or the longest life that every organization allows, in days. */
export function shortestLife(reached: readonly { policy: Policy }[], fallbackDays: number): number {
  return Math.min(fallbackDays, ...reached.flatMap(({ policy }) => policy.maxTokenDays ?? []));
}

/** Throws 403 where a token that is about to be made could be used nowhere: better said now than in the pipeline. */
export function refuseUseless(
  reached: readonly { name: string; role: Role; policy: Policy }[],
  token: { kind: StoredToken['kind']; createdAt: string; expiresAt: string | null },
): void {
  const stops = reached.map(({ name, role, policy }) => ({
    name,
    // Where it will come from and whether it will be approved is for later.
    stopped: blockedBy(
      { ...policy, allowedNetworks: [], approvalRequired: false },
      { ...token, ownerRole: role, lastUsedAt: null },
      { now: new Date(token.createdAt), address: '127.0.0.1' },
    ),
  }));
  const [first] = stops;
  if (!first?.stopped || stops.some(({ stopped }) => !stopped)) return;
  throw new AppError(403, '403', `The policy of ${first.name} would stop this token: ${first.stopped.sentence}`, {
    details: { reason: 'blocked_by_policy', rule: first.stopped.rule },
  });
}

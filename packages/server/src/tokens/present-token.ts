import type { Token, TokenState } from '@pipecat-cloud/contract/tokens';
import type { Repositories } from '../db/store.js';
import type { StoredToken } from './stored-token.js';

/** What the state of a token is told from. */
type StateFacts = Pick<StoredToken, 'revokedAt' | 'expiresAt' | 'endsAt' | 'activatedAt' | 'successorId'>;

/** True from that very instant on, and for a date that can't be read. */
export function isPast(time: string | null, now: Date): boolean {
  return time !== null && !(Date.parse(time) > now.getTime());
}

/** The state of its own row; that its owner was disabled or has left is another question. */
export function stateOf(token: StateFacts, now: Date): TokenState {
  if (token.revokedAt) return 'revoked';
  if (isPast(token.expiresAt, now)) return 'expired';
  if (isPast(token.endsAt, now)) return 'revoked';
  if (token.activatedAt === null) return 'pending';
  return token.successorId === null ? 'active' : 'rotating';
}

export function isLive(token: StateFacts, now: Date): boolean {
  const state = stateOf(token, now);
  return state !== 'revoked' && state !== 'expired';
}

/** For lists and details: organizations by name, never a digest. */
export async function presentTokens(
  repos: Pick<Repositories, 'organizations'>,
  tokens: readonly StoredToken[],
  now: Date,
): Promise<Token[]> {
  const named = new Set(tokens.flatMap(({ grant }) => grant.organizations ?? []));
  const names = await repos.organizations.namesOf([...named]);
  return tokens.map((token) => {
    const { organizations, ...grant } = token.grant;
    const overByDeadline = !token.revokedAt && isPast(token.endsAt, now) && !isPast(token.expiresAt, now);
    return {
      id: token.id,
      name: token.name,
      kind: token.kind,
      owner: { kind: token.owner.kind, id: token.owner.id, name: token.owner.name },
      masked: token.masked,
      legacy: token.legacy,
      state: stateOf(token, now),
      grant: { ...grant, ...(organizations ? { organizations: organizations.map((id) => names.get(id) ?? id) } : {}) },
      createdAt: token.createdAt,
      expiresAt: token.expiresAt,
      endsAt: token.endsAt,
      parentId: token.parentId,
      successorId: token.successorId,
      familyId: token.familyId,
      suspiciousAt: token.suspiciousAt,
      revokedAt: overByDeadline ? token.endsAt : token.revokedAt,
      revokedCause: overByDeadline ? 'rotation' : token.revokedCause,
      revokedReason: overByDeadline ? 'the deadline of its rotation passed' : token.revokedReason,
      lastUsedAt: token.lastUsedAt,
      lastUsedAddress: token.lastUsedAddress,
      lastUsedUserAgent: token.lastUsedUserAgent,
      lastUsedCiRun: token.lastUsedCiRun,
    };
  });
}

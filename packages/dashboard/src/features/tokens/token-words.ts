import type { Token } from '@pipecat-cloud/contract/tokens';
import { ago, date } from '../../lib/format';
import type { Tone } from '../../ui/badge';
import { endsSoon, isLive, isSuspicious } from './token-attention';

/** What a token's state is called, and how urgent it looks. */
export function stateOf(token: Token, now: Date = new Date()): { tone: Tone; words: string } {
  if (token.state === 'revoked') return { tone: 'quiet', words: 'Revoked' };
  if (token.state === 'expired') return { tone: 'bad', words: 'Expired' };
  if (isSuspicious(token)) return { tone: 'bad', words: 'Old secret was used' };
  if (token.state === 'pending') return { tone: 'busy', words: 'Not used yet' };
  if (token.state === 'rotating') return { tone: 'busy', words: 'Being replaced' };
  return endsSoon(token, now) ? { tone: 'warn', words: 'Expires soon' } : { tone: 'good', words: 'Active' };
}

export function expiryOf(token: Token, now: Date = new Date()): string {
  if (token.state === 'revoked') {
    const when = token.revokedAt ? ` ${ago(token.revokedAt, now)}` : '';
    return token.revokedReason ? `Ended${when}: ${token.revokedReason}` : `Revoked${when}`;
  }
  if (token.endsAt && token.state !== 'expired') {
    const when = ago(token.endsAt, now);
    // Without a rotation of its own, it ends with what it was derived from.
    return token.state === 'rotating'
      ? `Works until its successor is used, or ends ${when}`
      : `Ends ${when}, with its parent`;
  }
  if (!token.expiresAt) return 'Never expires';
  return token.state === 'expired'
    ? `Expired ${ago(token.expiresAt, now)}`
    : `Expires ${ago(token.expiresAt, now)} (${date(token.expiresAt)})`;
}

export function lastUseOf(token: Token, now: Date = new Date()): string {
  if (!token.lastUsedAt) return 'Never used';
  return `Last used ${ago(token.lastUsedAt, now)}${token.lastUsedAddress ? ` from ${token.lastUsedAddress}` : ''}`;
}

/** How a token came to be; `all` are those that it may come from. */
export function originOf(token: Token, all: readonly Token[]): string {
  const nameOf = (id: string) => all.find((other) => other.id === id)?.name ?? 'another token';
  const predecessor = all.find(({ successorId }) => successorId === token.id);
  if (token.kind === 'ci') return 'A CI job’s identity';
  if (predecessor) return 'A rotation';
  if (token.parentId !== null) return `Derived from ${nameOf(token.parentId)}`;
  if (token.legacy) return 'Imported';
  return token.owner.kind === 'serviceAccount' && token.kind === 'personal' ? 'Adopted from a person' : 'Made by hand';
}

/** Tokens that still work come first, each part newest first. */
export function inOrder(tokens: readonly Token[]): Token[] {
  const rank = (token: Token) => (isLive(token) ? 0 : 1);
  return tokens.toSorted((a, b) => rank(a) - rank(b) || b.createdAt.localeCompare(a.createdAt));
}

/** Those that have the text in their name, masked value, owner or last use; an empty one has all. */
export function matching(tokens: readonly Token[], text: string): Token[] {
  const wanted = text.trim().toLowerCase();
  const texts = ({ name, masked, id, owner, lastUsedAddress, lastUsedCiRun, grant }: Token) => [
    ...[name, masked, id, owner.name, lastUsedAddress, lastUsedCiRun],
    ...(grant.agents ?? []),
    ...(grant.organizations ?? []),
  ];
  return tokens.filter((token) => wanted === '' || texts(token).some((part) => part?.toLowerCase().includes(wanted)));
}

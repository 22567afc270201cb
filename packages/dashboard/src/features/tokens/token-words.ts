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

/** Two lines for a shell; a third where the command line would not find this server by itself. */
export function shellSnippet(value: string, origin: string): string {
  const host = origin === 'http://localhost:7400' ? [] : [`export PIPECAT_API_HOST=${origin}`];
  return [...host, `export PIPECAT_TOKEN=${value}`, 'pipecat cloud auth whoami'].join('\n');
}

/** Tokens that still work come first, each part newest first. */
export function inOrder(tokens: readonly Token[]): Token[] {
  const rank = (token: Token) => (isLive(token) ? 0 : 1);
  return tokens.toSorted((a, b) => rank(a) - rank(b) || b.createdAt.localeCompare(a.createdAt));
}

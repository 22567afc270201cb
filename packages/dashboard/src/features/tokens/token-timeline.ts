import type { Token } from '@pipecat-cloud/contract/tokens';
import { originOf } from './token-words';

export interface TokenEvent {
  at: string;
  words: string;
  tone: 'plain' | 'good' | 'bad';
}

/** What has happened to a token and what will, oldest first; `all` are the tokens that it may have to do with. */
export function timelineOf(token: Token, all: readonly Token[]): TokenEvent[] {
  const events: TokenEvent[] = [];
  const add = (at: string | null, words: string, tone: TokenEvent['tone'] = 'plain') => {
    if (at !== null) events.push({ at, words, tone });
  };
  add(token.createdAt, `Made. Origin: ${originOf(token, all).toLowerCase()}`);
  for (const child of all) {
    if (child.parentId === token.id && child.id !== token.successorId)
      add(child.createdAt, `“${child.name}” was derived from it`);
  }
  const successor = all.find(({ id }) => id === token.successorId);
  if (successor) add(successor.createdAt, 'Rotated: a successor was made', 'good');
  add(token.suspiciousAt, 'An old secret of its family was sent after a rotation', 'bad');
  add(token.lastUsedAt, `Last used${token.lastUsedAddress ? ` from ${token.lastUsedAddress}` : ''}`, 'good');
  if (token.revokedAt !== null) add(token.revokedAt, endOf(token), 'bad');
  else {
    if (token.endsAt !== null) add(token.endsAt, 'The deadline of its rotation or of its parent: it ends');
    if (token.expiresAt !== null && token.expiresAt !== token.endsAt) {
      add(
        token.expiresAt,
        token.state === 'expired' ? 'Expired' : 'It expires',
        token.state === 'expired' ? 'bad' : 'plain',
      );
    }
  }
  return events.sort((a, b) => a.at.localeCompare(b.at));
}

function endOf({ revokedReason }: Token): string {
  if (!revokedReason) return 'Revoked';
  return revokedReason.charAt(0).toUpperCase() + revokedReason.slice(1);
}

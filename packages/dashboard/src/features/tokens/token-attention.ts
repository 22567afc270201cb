import type { Token } from '@pipecat-cloud/contract/tokens';

const dayMs = 86_400_000;
/** From how many days before its end on a token is mentioned. */
export const mentionedDays = 14;

export const isLive = ({ state }: Token) => state === 'active' || state === 'pending' || state === 'rotating';

/** An old secret of its family was seen after a rotation, and the token can still be used. */
export const isSuspicious = (token: Token) => token.suspiciousAt !== null && isLive(token);

/**
 * It ends soon and nothing was put in its place yet. A token of a few days is mentioned in the second half of its life only: somebody
 * just chose that end.
 */
export function endsSoon(token: Token, now: Date): boolean {
  if (token.state !== 'active' || token.expiresAt === null) return false;
  const end = Date.parse(token.expiresAt);
  const left = end - now.getTime();
  return left <= mentionedDays * dayMs && left < (end - Date.parse(token.createdAt)) / 2;
}

/** What somebody should look at; the first to end comes first. */
export function needAttention(tokens: readonly Token[], now: Date): { suspicious: Token[]; ending: Token[] } {
  const suspicious = tokens.filter(isSuspicious);
  const ending = tokens.filter((token) => !isSuspicious(token) && endsSoon(token, now));
  return { suspicious, ending: ending.toSorted((a, b) => (a.expiresAt ?? '').localeCompare(b.expiresAt ?? '')) };
}

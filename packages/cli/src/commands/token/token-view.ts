import type { Token } from '@pipecat-cloud/contract/tokens';
import { untilText } from '../../lib/expiry-watch.js';
import { day, plural } from '../../lib/format.js';

/** What every command says about a token, in the same words. */

export const hasEnded = ({ state }: Token) => state === 'expired' || state === 'revoked';

/** When it stops by itself: its end, or earlier the deadline of a rotation. ISO 8601; null for never. */
export function endOf({ expiresAt, endsAt }: Token): string | null {
  if (endsAt === null || expiresAt === null) return endsAt ?? expiresAt;
  return endsAt < expiresAt ? endsAt : expiresAt;
}

/** `deploy-ci (3f2a91c0)`: what people call it and what they can paste. */
export const nameWithId = ({ name, id }: Token) => `${name} (${shortId(id)})`;

/** Enough of an id to be pasted: commands take a unique beginning. */
export const shortId = (id: string) => (id.length > 12 ? id.slice(0, 8) : id);

/** An admin's decision that keeps a live token out goes before its state. */
export function stateText(token: Token, approvals = false): string {
  if (hasEnded(token)) return token.state;
  if (token.decision === 'denied') return 'denied';
  return approvals && token.decision === 'pending' ? 'to approve' : token.state;
}

/** What it may do, in a few words. */
export function grantText({ grant }: Pick<Token, 'grant'>): string {
  const { preset, permissions, organizations, agents, networks } = grant;
  const may =
    preset ??
    (permissions
      ? permissions.length === 1
        ? permissions[0]
        : plural(permissions.length, 'permission')
      : 'acts as owner');
  return [
    may,
    organizations && plural(organizations.length, 'organization'),
    agents && plural(agents.length, 'agent'),
    networks && plural(networks.length, 'network'),
  ]
    .filter(Boolean)
    .join(', ');
}

/** The same with every permission named, and without the other restrictions. */
export function permissionText({ grant }: Pick<Token, 'grant'>): string {
  return grant.preset ?? (grant.permissions ? grant.permissions.join(', ') || 'nothing' : 'whatever its owner may');
}

export function left(token: Token, now: Date): string {
  const end = endOf(token);
  if (hasEnded(token)) return '-';
  return end === null ? 'never' : untilText(Date.parse(end) - now.getTime());
}

/** `last used 12 hours ago`, `never used`. */
export const lastUseText = ({ lastUsedAt }: Token, now = new Date()) =>
  lastUsedAt ? `last used ${ago(lastUsedAt, now)}` : 'never used';

/** `12 hours ago`: people want to know how long, scripts when. */
export function ago(iso: string | null, now: Date): string {
  if (!iso) return 'never';
  const ms = now.getTime() - Date.parse(iso);
  return ms < 60_000 ? 'just now' : `${untilText(ms)} ago`;
}

/** The end in a sentence: `until 2026-07-19`. */
export function untilSentence(token: Token): string {
  const end = endOf(token);
  return end === null ? 'without an end' : `until ${day(end)}`;
}

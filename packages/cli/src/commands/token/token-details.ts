import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { day, minute } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { endOf, hasEnded, left, permissionText, stateText } from './token-view.js';

/** Details of one token, without its value: that exists only in the answer that made it. */
export function tokenDetails(context: CommandContext, token: Token, now = new Date()): string {
  const { bold, yellow } = context.colours;
  const end = endOf(token);
  const rows: [string, string | null][] = [
    ['Name', token.name],
    ['Id', token.id],
    ['Token', `${token.masked}${token.legacy ? ' (imported)' : ''}`],
    ['Owner', `${token.owner.name} (${token.owner.kind === 'user' ? 'person' : 'service account'})`],
    ['State', stateText(token)],
    ['Ends', end === null ? 'never' : hasEnded(token) ? minuteUtc(end) : `${minuteUtc(end)}, in ${left(token, now)}`],
    ['Revoked', token.revokedAt && `${minuteUtc(token.revokedAt)}, by ${revokedBy(token)}`],
    ['May', permissionText(token)],
    ['Really used', token.permissionUse ? useText(token.permissionUse) : null],
    ['Organizations', token.grant.organizations?.join(', ') ?? null],
    ['Agents', token.grant.agents?.join(', ') ?? null],
    ['Networks', token.grant.networks?.join(', ') ?? null],
    ['Created', minuteUtc(token.createdAt)],
    ['Last used', lastUse(token)],
    ['CI run', token.lastUsedCiRun],
    ['Derived from', token.parentId],
    ['Successor', token.successorId],
    ['Suspicious', token.suspiciousAt && yellow(`a rotated secret was seen again on ${minuteUtc(token.suspiciousAt)}`)],
  ];
  return fields(
    rows.filter((row): row is [string, string] => Boolean(row[1])),
    bold,
  );
}

/** What of its permissions was used, and what never was. */
function useText({ held, used, since }: NonNullable<Token['permissionUse']>): string {
  const unused = held.filter((name) => !used.includes(name));
  const counted = `${used.length} of ${held.length} permissions since ${day(since)}`;
  return used.length > 0 && unused.length > 0 ? `${counted}; never ${unused.join(', ')}` : counted;
}

function lastUse({ lastUsedAt, lastUsedAddress, lastUsedUserAgent }: Token): string {
  if (!lastUsedAt) return 'never';
  const from = [lastUsedAddress && `from ${lastUsedAddress}`, lastUsedUserAgent && `with ${lastUsedUserAgent}`];
  return [minuteUtc(lastUsedAt), ...from.filter(Boolean)].join(', ');
}

function revokedBy({ revokedCause, revokedReason }: Token): string {
  const by = revokedCause ? causes[revokedCause] : 'an unknown cause';
  return revokedReason ? `${by}: ${revokedReason}` : by;
}

const causes: Record<NonNullable<Token['revokedCause']>, string> = {
  owner: 'its owner',
  admin: 'an admin',
  policy: 'a policy of the organization',
  rotation: 'its rotation',
  parent: 'the end of the token that it was derived from',
  leak: 'a leak report',
  panic: 'a panic revocation',
  service_account: 'the end of its service account',
  account: "the end of its owner's account",
};

const minuteUtc = (iso: string) => `${minute(iso)} UTC`;

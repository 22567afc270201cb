import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { untilText } from '../../lib/expiry-watch.js';
import { day, minute, plural } from '../../lib/format.js';
import { fields, table } from '../../lib/table.js';
import type { Colours } from '../../lib/text.js';

/** How every command shows tokens: one table, one list of details, one name. */

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

export interface TokenTableOptions {
  /** A column that says whose each token is. */
  owners?: boolean;
  /** The organization's policy asks for an approval first, so one that is still open keeps the token out. */
  approvals?: boolean;
}

interface Column {
  heading: string;
  cell(token: Token): string;
  paint?(text: string, token: Token): string;
}

/** Terminals narrower than this show owners in place of grants, where both are wanted. */
const wide = 100;

export function tokenTable(context: CommandContext, tokens: readonly Token[], options: TokenTableOptions = {}): string {
  const now = new Date();
  const { colours, width } = context;
  const { bold, dim, green, yellow } = colours;
  const ids = uniqueIds(tokens.map(({ id }) => id));
  const columns: Column[] = [
    // Whole where it is not for the eye: scripts cut columns out of this.
    { heading: 'ID', cell: ({ id }) => (width === undefined ? id : (ids.get(id) ?? id)) },
    { heading: 'NAME', cell: ({ name }) => name },
    ...(options.owners ? [{ heading: 'OWNER', cell: ({ owner }: Token) => owner.name }] : []),
    {
      heading: 'STATE',
      cell: (token) => stateText(token, options.approvals),
      paint: (text, token) => (stateText(token, options.approvals) === 'active' ? green(text) : yellow(text)),
    },
    {
      heading: 'ENDS IN',
      cell: (token) => left(token, now),
      paint: (text, token) => paintEnd(text, token, now, colours),
    },
    ...(options.owners && width !== undefined && width < wide ? [] : [{ heading: 'GRANT', cell: grantText }]),
    width === undefined
      ? { heading: 'LAST USED (UTC)', cell: ({ lastUsedAt }) => (lastUsedAt ? minute(lastUsedAt) : 'never') }
      : { heading: 'LAST USED', cell: ({ lastUsedAt }) => ago(lastUsedAt, now) },
  ];
  return table(
    columns.map(({ heading }) => heading),
    tokens.map((token) => columns.map(({ cell }) => cell(token))),
    {
      width,
      head: bold,
      paint: (text, row, column) => {
        const token = tokens[row];
        if (!token) return text;
        return hasEnded(token) ? dim(text) : (columns[column]?.paint?.(text, token) ?? text);
      },
    },
  );
}

function paintEnd(text: string, token: Token, now: Date, { red, yellow }: Colours): string {
  const end = endOf(token);
  const days = end === null ? Infinity : (Date.parse(end) - now.getTime()) / 86_400_000;
  return days < 7 ? red(text) : days < 30 ? yellow(text) : text;
}

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

/** An admin's decision that keeps a live token out goes before its state. */
function stateText(token: Token, approvals = false): string {
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

/** The shortest beginnings, of at least eight characters, that tell these ids apart. */
function uniqueIds(ids: readonly string[]): Map<string, string> {
  const shorten = (id: string) => {
    let length = shortId(id).length;
    while (length < id.length && ids.some((other) => other !== id && other.startsWith(id.slice(0, length)))) length++;
    return id.slice(0, length);
  };
  return new Map(ids.map((id) => [id, shorten(id)]));
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

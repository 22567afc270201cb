import { crc32 } from 'node:zlib';

/** Prefix of each kind of credential. Everything the command line may carry begins with `pcc_pat_`. */
export const tokenPrefixes = {
  personal: 'pcc_pat_',
  serviceAccount: 'pcc_pat_sa_',
  ci: 'pcc_pat_ci_',
  /** What `auth login` brings. Not `pcc_pat_`: official clients would not refresh it. */
  oauth: 'pcc_oat_',
  /** What renews it; accepted by the token endpoint alone. */
  refresh: 'pcc_ort_',
  private: 'sk_',
  public: 'pk_',
  worker: 'wk_',
  enrolment: 'we_',
} as const;
export type TokenKind = keyof typeof tokenPrefixes;

export interface ParsedToken {
  kind: TokenKind;
  /** Imported tokens of 32 hex digits carry no checksum. */
  legacy: boolean;
}

const kindsByPrefix = (Object.entries(tokenPrefixes) as [TokenKind, string][]).sort(
  (a, b) => b[1].length - a[1].length,
);
const wellFormed = /^[0-9a-f]{48}$/;
const legacyBody = /^[0-9a-f]{32}$/;

/** CRC-32 (IEEE) over the ASCII of prefix and random part, eight lower-case hex digits. */
export function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** Puts 40 hex digits (160 random bits) behind the kind's prefix and adds the checksum. */
export function formatToken(kind: TokenKind, random: string): string {
  if (!/^[0-9a-f]{40}$/.test(random)) throw new Error('A token needs 40 lower-case hex digits');
  const text = tokenPrefixes[kind] + random;
  return text + checksum(text);
}

/** Kind by prefix alone, however malformed the rest is. */
export function kindOf(token: string): TokenKind | undefined {
  return kindsByPrefix.find(([, prefix]) => token.startsWith(prefix))?.[0];
}

/** Shape and checksum; undefined when either is wrong, so that a guess costs neither a hash nor a query. */
export function parseToken(token: string): ParsedToken | undefined {
  const kind = kindOf(token);
  if (!kind) return undefined;
  const body = token.slice(tokenPrefixes[kind].length);
  if (wellFormed.test(body))
    return checksum(token.slice(0, -8)) === token.slice(-8) ? { kind, legacy: false } : undefined;
  return kind === 'personal' && legacyBody.test(body) ? { kind, legacy: true } : undefined;
}

/** What lists show: prefix and the last four digits of the random part, never the checksum. */
export function maskToken(token: string): string {
  const kind = kindOf(token);
  if (!kind) return '…';
  const body = token.slice(tokenPrefixes[kind].length);
  return `${tokenPrefixes[kind]}…${(body.length === 48 ? body.slice(0, 40) : body).slice(-4)}`;
}

/**
 * What must not be written down. Greedy on purpose: takes too much rather than leave a token in a log. Letters may stand directly in
 * front, as in a JSON text where a line end is written `\\n`; only the short prefixes, which end common words, then need digits behind.
 */
export const credentialLike =
  /(pcc_pat_|pcc_oat_|pcc_ort_|\b(?:sk_|pk_|wk_|we_)|(?:sk_|pk_|wk_|we_)(?=[0-9a-f]{32}))[A-Za-z0-9_.-]{8,}/g;

export function redact(text: string): string {
  return text.replace(credentialLike, '$1[redacted]');
}

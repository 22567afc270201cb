import { checksum, maskToken, type TokenKind, tokenPrefixes } from './token-format.js';

/** What is looked for. `wk_` and `we_` never leave a worker's machine and its first start. */
export type ScannedKind = Exclude<TokenKind, 'refresh' | 'worker' | 'enrolment'>;

/** One credential in a text, safe to print: the value itself is not part of it. */
export interface CredentialFinding {
  kind: ScannedKind;
  /**
   * `right`: made by an installation of this product, short of one chance in four thousand million. `wrong`: the shape alone, so a
   * placeholder or a mistyped token. `none`: an imported token of 32 digits, which has no checksum.
   */
  checksum: 'right' | 'wrong' | 'none';
  /** From 1. */
  line: number;
  /** From 1; in characters of the string, or bytes where bytes were scanned. */
  column: number;
  /** As `maskToken` shows it. */
  masked: string;
}

/** Gets each finding in the order of the text. The value comes apart from it, so that printing a finding cannot print the value. */
export type OnCredential = (finding: CredentialFinding, value: string) => void;

/** Worth asking a server about: not a public key, which may be seen, and not what has a wrong checksum. */
export function isAlarming({ kind, checksum: verdict }: CredentialFinding): boolean {
  return kind !== 'public' && verdict !== 'wrong';
}

const kinds = Object.fromEntries(
  (['personal', 'serviceAccount', 'ci', 'oauth', 'private', 'public'] as const).map((kind) => [
    tokenPrefixes[kind],
    kind,
  ]),
) as Record<string, ScannedKind>;

/** One digit more than a credential has shows where a longer number goes on. */
const pattern = /(pcc_pat_(?:sa_|ci_)?|pcc_oat_|[sp]k_)([0-9a-f]{32,49})/g;
/** The longest prefix, 48 digits and the one after. */
const reach = 60;
const longChunk = 1 << 16;

/** Words such as task_ are common in logs, so that the prefix alone would say yes to every other line. */
const start = /(?:pcc_(?:pat_(?:sa_|ci_)?|oat_)|[sp]k_)[0-9a-f]{32}/;

/** False where a scan finds nothing. Costs some 40 ns for a line of a log, and makes nothing. */
export function mayHoldCredential(text: string): boolean {
  return start.test(text);
}

/**
 * Finds credentials of this product in a text that comes in pieces, wherever they are cut: call `write` for each piece and `end`
 * once. Keeps 60 characters between calls and never more than 64 KiB of copies. Pieces are all strings or all bytes.
 *
 * Whatever stands before and after a value, one with the right checksum is found. Values with a wrong one are told only for `pcc_`
 * prefixes; other vendors use `sk_` and `pk_` too, and there the checksum decides.
 */
export function createCredentialScanner(onCredential: OnCredential) {
  let rest = '';
  let line = 1;
  /** Characters of this line before `rest`. */
  let column = 0;

  /** Matches that begin before `limit` are whole: everything that could belong to them is there. */
  function scan(text: string, limit: number): void {
    let counted = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match && match.index < limit; match = pattern.exec(text)) {
      const found = judge(match[1] as string, match[2] as string);
      if (!found) continue;
      advance(text, counted, match.index);
      counted = match.index;
      onCredential({ ...found.finding, line, column: column + 1 }, found.value);
      // What follows at once may be another one.
      pattern.lastIndex = match.index + found.value.length;
    }
    advance(text, counted, limit);
  }

  function advance(text: string, from: number, to: number): void {
    let start = from;
    for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', start)) {
      line++;
      column = 0;
      start = at + 1;
    }
    column += to - start;
  }

  return {
    write(piece: string | Uint8Array): void {
      for (let from = 0; from < piece.length; from += longChunk) {
        const to = Math.min(piece.length, from + longChunk);
        // Credentials are ASCII, so any encoding that keeps it will do, and this one has a character for each byte.
        const text = rest + (typeof piece === 'string' ? piece.slice(from, to) : latin1(piece, from, to));
        const limit = Math.max(0, text.length - reach);
        scan(text, limit);
        rest = text.slice(limit);
      }
    },
    end(): void {
      scan(rest, rest.length);
      rest = '';
    },
  };
}
export type CredentialScanner = ReturnType<typeof createCredentialScanner>;

/** The same for one text. */
export function scanText(text: string, onCredential: OnCredential): void {
  if (!mayHoldCredential(text)) return;
  const scanner = createCredentialScanner(onCredential);
  scanner.write(text);
  scanner.end();
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to);
}

function judge(
  prefix: string,
  digits: string,
): { finding: Pick<CredentialFinding, 'kind' | 'checksum' | 'masked'>; value: string } | undefined {
  const kind = kinds[prefix] as ScannedKind;
  if (digits.length >= 48) {
    const value = prefix + digits.slice(0, 48);
    const right = checksum(value.slice(0, -8)) === value.slice(-8);
    if (right) return { finding: { kind, checksum: 'right', masked: maskToken(value) }, value };
    const alone = digits.length === 48 && kind !== 'private' && kind !== 'public';
    return alone ? { finding: { kind, checksum: 'wrong', masked: maskToken(value) }, value } : undefined;
  }
  if (kind !== 'personal' || digits.length !== 32) return undefined;
  const value = prefix + digits;
  return { finding: { kind, checksum: 'none', masked: maskToken(value) }, value };
}

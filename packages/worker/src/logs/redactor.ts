import { credentialLike, redact } from '@pipecat-cloud/contract/token-format';

export interface Redactor {
  /** The line without secrets. */
  (text: string): string;
  /**
   * The same bytes with every secret starred out that begins before `until`, of the same length; undefined where there is none. One
   * that goes on beyond the bytes is not seen: `reach` of them have to follow.
   */
  mask(bytes: Buffer, until?: number): Buffer | undefined;
  /** How far a secret goes that begins before `at` and ends behind it; `at` where there is none. */
  endOf(text: string, at: number): number;
  /** No secret has more bytes. */
  reach: number;
}

/** Shorter values would black out ordinary words. */
const shortestSecret = 8;

/** Credentials of the platform are much shorter. What looks like one may be of any length. */
const credentialReach = 256;

/**
 * Takes tokens of this platform, and the values of an instance's environment that have 8 or more characters, out of a line: as they
 * are, and as programs quote them. Of a value with several lines each line counts, since output comes line by line.
 */
export function createRedactor(...environments: Readonly<Record<string, string>>[]): Redactor {
  const secrets = new Set<string>();
  for (const value of environments.flatMap((environment) => Object.values(environment))) {
    for (const part of [value, ...value.split(/\r?\n/)]) {
      const secret = part.trim();
      if (secret.length >= shortestSecret) for (const form of formsOf(secret)) secrets.add(form);
    }
  }
  // The longest first: one secret may be part of another.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  function clean(text: string): string {
    let cleaned = text;
    for (const secret of ordered) cleaned = cleaned.replaceAll(secret, '[redacted]');
    return redact(cleaned);
  }

  // One character a byte, so that lengths stay and what is no text is left as it is.
  const encoded = ordered.map((secret) => Buffer.from(secret).toString('latin1'));
  function mask(bytes: Buffer, until = bytes.length): Buffer | undefined {
    const text = bytes.toString('latin1');
    const star = (found: string, at: number) => (at < until ? '*'.repeat(found.length) : found);
    let masked = text;
    for (const secret of encoded) masked = masked.replaceAll(secret, star);
    masked = masked.replace(credentialLike, (token, _prefix, at: number) => star(token, at));
    return masked === text ? undefined : Buffer.from(masked, 'latin1');
  }

  const reach = Math.max(credentialReach, ...encoded.map(({ length }) => length));
  function endOf(text: string, at: number): number {
    const first = Math.max(0, at - reach);
    const around = text.slice(first, at + reach);
    const places = [...ordered.flatMap((secret) => placesOf(secret, around)), ...credentialsIn(around)];
    const across = places.filter(({ from, to }) => first + from < at && first + to > at);
    return Math.max(at, ...across.map(({ to }) => first + to));
  }
  return Object.assign(clean, { mask, endOf, reach });
}

const withheld = 'A line was not kept: the secrets that it may hold were changed while the worker was away';

/** For output of which nobody knows the secrets any more: nothing of it passes. */
export function createWithholder(): Redactor {
  const newline = 10;
  return Object.assign((text: string) => (text.trim() === '' ? text : withheld), {
    mask: (bytes: Buffer) => Buffer.from(bytes.map((byte) => (byte === newline ? byte : 42))),
    endOf: (_text: string, at: number) => at,
    reach: 0,
  });
}

interface Place {
  from: number;
  to: number;
}

function placesOf(secret: string, text: string): Place[] {
  const places: Place[] = [];
  for (let from = text.indexOf(secret); from >= 0; from = text.indexOf(secret, from + 1))
    places.push({ from, to: from + secret.length });
  return places;
}

const credentialsIn = (text: string): Place[] =>
  [...text.matchAll(credentialLike)].map(({ 0: found, index }) => ({ from: index, to: index + found.length }));

/** In JSON, in a URL or a form, and as Python and Node show strings that they quote otherwise. */
function formsOf(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll('\\', '\\\\')];
  // Half of a surrogate pair can't be encoded, and then nobody has.
  if (secret.isWellFormed())
    forms.push(encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1));
  return forms;
}

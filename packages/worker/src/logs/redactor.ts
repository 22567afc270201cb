import { credentialLike, redact } from '@pipecat-cloud/contract/token-format';

export interface Redactor {
  /** The line without secrets. */
  (text: string): string;
  /** The same bytes with every secret starred out, of the same length; undefined where there is none in them. */
  mask(bytes: Buffer): Buffer | undefined;
}

/** Shorter values would black out ordinary words. */
const shortestSecret = 8;

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
  function mask(bytes: Buffer): Buffer | undefined {
    const text = bytes.toString('latin1');
    let masked = text;
    for (const secret of encoded) masked = masked.replaceAll(secret, '*'.repeat(secret.length));
    masked = masked.replace(credentialLike, (token) => '*'.repeat(token.length));
    return masked === text ? undefined : Buffer.from(masked, 'latin1');
  }
  return Object.assign(clean, { mask });
}

const withheld = 'A line was not kept: the secrets that it may hold were changed while the worker was away';

/** For output of which nobody knows the secrets any more: nothing of it passes. */
export function createWithholder(): Redactor {
  const newline = 10;
  return Object.assign((text: string) => (text.trim() === '' ? text : withheld), {
    mask: (bytes: Buffer) => Buffer.from(bytes.map((byte) => (byte === newline ? byte : 42))),
  });
}

/** In JSON, in a URL or a form, and as Python and Node show strings that they quote otherwise. */
function formsOf(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll('\\', '\\\\')];
  // Half of a surrogate pair can't be encoded, and then nobody has.
  if (secret.isWellFormed())
    forms.push(encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1));
  return forms;
}

import { redact } from '@pipecat-cloud/contract/token-format';

export type Redactor = (text: string) => string;

/** Shorter values would black out ordinary words. */
const shortestSecret = 8;

/**
 * Takes tokens of this platform, and the values of an instance's environment that have 8 or more characters, out of a line. Of a
 * value with several lines each line counts, since output comes line by line.
 */
export function createRedactor(environment: Readonly<Record<string, string>>): Redactor {
  const secrets = new Set<string>();
  for (const value of Object.values(environment)) {
    for (const part of [value, ...value.split(/\r?\n/)]) {
      const secret = part.trim();
      if (secret.length >= shortestSecret) secrets.add(secret);
    }
  }
  // The longest first: one secret may be part of another.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of ordered) clean = clean.replaceAll(secret, '[redacted]');
    return redact(clean);
  };
}

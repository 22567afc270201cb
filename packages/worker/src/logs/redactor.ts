import { redact } from '@pipecat-cloud/contract/token-format';

export type Redactor = (text: string) => string;

/** Shorter values would black out ordinary words. */
const shortestSecret = 8;

/**
 * Takes tokens of this platform, and the values of an instance's environment that have 8 or more characters, out of a line: as they
 * are, and as programs quote them. Of a value with several lines each line counts, since output comes line by line.
 */
export function createRedactor(environment: Readonly<Record<string, string>>): Redactor {
  const secrets = new Set<string>();
  for (const value of Object.values(environment)) {
    for (const part of [value, ...value.split(/\r?\n/)]) {
      const secret = part.trim();
      if (secret.length >= shortestSecret) for (const form of formsOf(secret)) secrets.add(form);
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

/** In JSON, in a URL or a form, and as Python and Node show strings that they quote otherwise. */
function formsOf(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll('\\', '\\\\')];
  // Half of a surrogate pair can't be encoded, and then nobody has.
  if (secret.isWellFormed())
    forms.push(encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1));
  return forms;
}

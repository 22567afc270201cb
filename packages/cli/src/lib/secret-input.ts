import type * as names from '@pipecat-cloud/contract/names';
import type * as contract from '@pipecat-cloud/contract/secrets';
import { usageError } from './errors.js';
import { bytes } from './format.js';

const setPattern: typeof names.secretSetNamePattern =
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const keyPattern: typeof names.secretKeyPattern = '^[A-Za-z0-9_-]{1,64}$';

const largestValue: typeof contract.secretValueMaximum = 65_536;
const largestSet: typeof contract.secretSetMaximumBytes = 524_288;

/** A name that the API would accept for a new set (contract §6.6), said before anything is read or sent. */
export function checkSetName(name: string): void {
  if (name.length >= 3 && name.length <= 63 && new RegExp(setPattern).test(name)) return;
  throw usageError(
    `'${name}' can't be the name of a secret set.`,
    'Use 3 to 63 lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit.',
  );
}

/** Messages name the key at most: a mistyped line may hold the value where the key belongs. */
export function checkPair(key: string, value: string, where: string): void {
  if (!new RegExp(keyPattern).test(key)) {
    throw usageError(`${where}: the key is not valid.`, 'Use letters, digits, _ and -, at most 64 of them.');
  }
  if (value === '') throw usageError(`${where}: the value of ${key} is empty.`);
}

/** What the API takes, said before anything is sent: it answers to far too much while that is still on its way. */
export function checkSizes(set: string, secrets: ReadonlyMap<string, string>): void {
  let total = 0;
  for (const [key, value] of secrets) {
    const length = [...value].length;
    if (length > largestValue) {
      throw usageError(`The value of ${key} has ${length} characters; it may have at most ${largestValue}.`);
    }
    total += Buffer.byteLength(value);
  }
  if (total > largestSet) {
    throw usageError(
      `The values take ${bytes(total)}; those of ${set} may take at most ${bytes(largestSet)} together.`,
    );
  }
}

/** `KEY=value` lines; `#` comments and blank lines are passed over, one pair of double quotes around a value goes (contract §4.5). */
export function parseEnvFile(text: string, name: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const where = `${name}, line ${index + 1}`;
    const at = line.indexOf('=');
    if (at < 0) throw usageError(`${where}: there is no '='.`, 'Write KEY=value.');
    const key = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    const plain = /^".*"$/s.test(value) && value.length >= 2 ? value.slice(1, -1) : value;
    checkPair(key, plain, where);
    found.set(key, plain);
  }
  if (found.size === 0) throw usageError(`${name} holds no KEY=value line.`);
  return found;
}

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { formatToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import type { Keys } from '../config/keys.js';
import type { Ids } from '../system.js';

export interface CredentialDigest {
  /** HMAC-SHA-256, 64 lower-case hex digits. */
  digest: string;
  /** Which pepper made it; kept beside it so that retired peppers can be counted out. */
  pepperId: string;
}

/**
 * How credentials are kept: as a keyed digest under a pepper that is not in the database, so a copy of the database alone neither
 * opens anything nor lets anybody try guesses. Credentials are 160 random bits, hence no slow hash.
 */
export function createCredentialDigests(peppers: Keys['peppers']) {
  // Made into key objects once: a digest with a buffer for a key takes several times as long.
  const prepared = peppers.map(({ id, key }) => ({ id, key: createSecretKey(key) }));
  const [newest] = prepared;
  if (!newest) throw new Error('Credentials need at least one pepper');
  const digestUnder = (key: KeyObject, value: string) => createHmac('sha256', key).update(value).digest('hex');

  return {
    /** The digest to store for a value that is made or seen now. */
    current: (value: string): CredentialDigest => ({ digest: digestUnder(newest.key, value), pepperId: newest.id }),
    /** Every digest under which the value may be stored; the newest pepper's comes first. */
    candidates: (value: string): string[] => prepared.map(({ key }) => digestUnder(key, value)),
  };
}
export type CredentialDigests = ReturnType<typeof createCredentialDigests>;

/** Makes a credential of the kind: 160 random bits behind its prefix, with a checksum. The value is shown once and never stored. */
export function mintCredential(ids: Ids, kind: TokenKind): { value: string } {
  return { value: formatToken(kind, ids.hex(20)) };
}

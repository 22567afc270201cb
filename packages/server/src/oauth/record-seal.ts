import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Keys } from '../config/keys.js';

const ivBytes = 12;
const tagBytes = 16;

/**
 * Seals what the protocol stores (AES-256-GCM) under keys derived from the installation's masters, so that a copy of the database
 * shows no code, state or address. `place` is where the text belongs: a sealed text that was moved elsewhere does not open.
 */
export function createRecordSeal(masters: Keys['masters']) {
  const keys = masters.map(({ id, key }) => ({
    id,
    key: Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'pipecat-cloud oauth record', 32)),
  }));
  const [newest] = keys;
  if (!newest) throw new Error('Records need at least one master key');

  return {
    seal(place: string, text: string): string {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', newest.key, iv).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `${newest.id}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`;
    },
    /** Throws where the key is gone or the text was changed. */
    open(place: string, sealed: string): string {
      const [id, body = ''] = sealed.split('.');
      const key = keys.find((candidate) => candidate.id === id)?.key;
      if (!key) throw new Error(`A record is sealed under the key ${id}, which is not among the installation's keys`);
      const bytes = Buffer.from(body, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
    },
  };
}
export type RecordSeal = ReturnType<typeof createRecordSeal>;

import { createHash } from 'node:crypto';
import type { CredentialDigests } from '../access/credential-digests.js';

/** The digests under which records are found: the newest pepper's first. */
export function createRecordDigests(digests: CredentialDigests) {
  return {
    ofId: (model: string, id: string): readonly string[] => digests.candidates(`oauth:${model}:${id}`),
    ofUserCode: (userCode: string): readonly string[] => digests.candidates(`oauth:user-code:${userCode}`),
    /**
     * Without a pepper: it joins tokens to their grant, whichever pepper each was stored under. A grant's id has 256 random bits and
     * is shown to nobody, so its digest opens nothing.
     */
    ofGrant: (grantId: string): string => createHash('sha256').update(`oauth:grant:${grantId}`).digest('hex'),
  };
}
export type RecordDigests = ReturnType<typeof createRecordDigests>;

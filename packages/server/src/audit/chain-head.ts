import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type AuditLine, type ChainPoint, canonicalJson } from '@pipecat-cloud/contract/audit-chain';

/** The chain of what belongs to no organization. */
export const installationChain = 'installation';
export const chainOf = (organizationId: string | null): string => organizationId ?? installationChain;
export const organizationOfChain = (chain: string): string | null => (chain === installationChain ? null : chain);

/** The state of one chain, under a MAC: the database alone can't make another one that passes. */
export interface ChainHead {
  chain: string;
  /** The newest record. */
  head: ChainPoint;
  /** The newest record that retention removed; `chainStart` where it removed none. */
  anchor: ChainPoint;
  /** How many chains of organizations were ever begun: kept in the installation's head, 0 in others. A chain that vanished as a whole is missed by it. */
  begun: number;
  mac: string;
}

/**
 * In place of a MAC from the moment at which one did not fit. Sealing such a head again would make a forgery genuine, so it stays
 * without a seal, and every later verification says so.
 */
export const brokenSeal = 'broken';

/** Key of the heads. From `keys.json`, which is outside the database. */
export function auditKeyOf({ signing }: { signing: Buffer }): Buffer {
  return Buffer.from(hkdfSync('sha256', signing, '', 'pipecat-cloud/audit-chain-head/1', 32));
}

export function seal(key: Buffer, { chain, head, anchor, begun }: Omit<ChainHead, 'mac'>): string {
  return createHmac('sha256', key).update(canonicalJson({ chain, head, anchor, begun })).digest('hex');
}

export function isSealed(key: Buffer, head: ChainHead): boolean {
  const [wanted, found] = [Buffer.from(seal(key, head)), Buffer.from(head.mac)];
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** The head after a change to it: sealed if, and only if, it was before. */
export function moved(key: Buffer, before: ChainHead, change: Partial<Omit<ChainHead, 'chain' | 'mac'>>): ChainHead {
  const after = { ...before, ...change };
  return { ...after, mac: isSealed(key, before) ? seal(key, after) : brokenSeal };
}

export const pointOf = ({ seq, hash }: AuditLine): ChainPoint => ({ seq, hash });

import { isIP } from 'node:net';
import { AppError } from '../errors.js';

/** The site that passkeys belong to (WebAuthn: relying party), out of the public address. */
export interface PasskeySite {
  /** Browsers offer passkeys here: over https, or on localhost; never for a bare address. */
  offered: boolean;
  id: string;
  origin: string;
}

export function passkeySiteOf(publicUrl: string): PasskeySite {
  const { hostname, protocol, origin } = new URL(publicUrl);
  const local = hostname === 'localhost' || hostname.endsWith('.localhost');
  const named = isIP(hostname.replace(/^\[|\]$/g, '')) === 0;
  return { offered: named && (local || protocol === 'https:'), id: hostname, origin };
}

/** Throws 404 where browsers offer no passkeys. */
export function requireOffered({ offered, origin }: PasskeySite): void {
  if (offered) return;
  throw new AppError(404, '404', `Browsers offer passkeys over https only, and this server is at ${origin}`);
}

/** How authenticators know the person: the account's id, which says nothing to anybody else. */
export const handleOf = (userId: string) => Buffer.from(userId).toString('base64url');

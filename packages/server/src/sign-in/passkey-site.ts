import { isIP } from 'node:net';

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

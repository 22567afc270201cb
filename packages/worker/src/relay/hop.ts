import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { HopClaims } from '@pipecat-cloud/contract/worker';
import type { Instance } from '../instances/instance.js';
import type { Tenancy } from '../instances/tenancy.js';

/** A hop that is not passed on, with the answer to it. */
export class HopRefused extends Error {
  readonly status: number;
  constructor(status: 400 | 403 | 404 | 410 | 502 | 503, message: string) {
    super(message);
    this.name = 'HopRefused';
    this.status = status;
  }
}

export interface HopDeps {
  /** Undefined until the control plane has said it once. */
  key: () => KeyObject | undefined;
  instance: (instanceId: string) => Instance | undefined;
}

export interface AllowedHop {
  instance: Instance;
  tenancy: Tenancy;
  /** Base URL of the instance. */
  address: string;
  /** Path and query for the instance, beginning with a slash. */
  path: string;
  sessionId: string;
}

/** The key of `welcome`: SPKI in base64. Throws when it is none. */
export function parseHopKey(base64: string): KeyObject {
  return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
}

/** Signatures that were checked, of hops that live for a minute. */
const rememberedSignatures = 1000;

/**
 * Checks hops to `/instances/{instanceId}/{rest}`: the control plane's signature, its expiry, and that the instance holds this very
 * session by this epoch. Throws `HopRefused`.
 */
export function createHopCheck({ key, instance: find }: HopDeps) {
  // By the whole header. Checking a signature costs more than the rest of a hop, and one session makes many.
  const signed = new Map<string, { claims: HopClaims; by: KeyObject }>();

  function readClaims(header: string): HopClaims {
    const by = key();
    if (!by) throw new HopRefused(503, 'This worker has not met its control plane yet');
    const known = signed.get(header);
    if (known?.by === by) return known.claims;
    const claims = verifyClaims(by, header);
    const [oldest] = signed.keys();
    if (signed.size >= rememberedSignatures && oldest !== undefined) signed.delete(oldest);
    signed.set(header, { claims, by });
    return claims;
  }

  return (url: string, header: string | undefined): AllowedHop => {
    // An instance that cuts it off, as uvicorn does, would read another path than the control plane has checked.
    if (url.includes('#')) throw new HopRefused(400, 'A request has no fragment');
    const [, instanceId = '', rest = ''] = /^\/instances\/([^/?]+)(\/.*)$/.exec(url) ?? [];
    if (!instanceId) throw new HopRefused(404, 'There is nothing here but /instances/{instanceId}/…');
    const claims = readClaims(header ?? '');
    if (!(claims.expires * 1000 > Date.now())) throw new HopRefused(403, 'The hop has expired');
    if (claims.instanceId !== instanceId) throw new HopRefused(403, 'The hop was signed for another instance');
    const instance = find(instanceId);
    if (!instance) throw new HopRefused(404, 'This worker has no such instance');
    const { tenancy, address } = instance;
    const holds = tenancy?.sessionId === claims.sessionId && tenancy.epoch === claims.epoch && tenancy.open;
    if (!tenancy || !holds) throw new HopRefused(410, 'The instance does not hold this session any more');
    if (address === undefined) throw new HopRefused(502, 'The instance has no address');
    return { instance, tenancy, address, path: rest, sessionId: claims.sessionId };
  };
}

function verifyClaims(by: KeyObject, header: string): HopClaims {
  const [body = '', signature = '', ...more] = header.split('.');
  const good = more.length === 0 && verify(null, Buffer.from(body), by, Buffer.from(signature, 'base64url'));
  if (!good) throw new HopRefused(403, 'The hop is not signed by the control plane');
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as HopClaims;
}

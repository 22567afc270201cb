import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { allowsAddress } from '../access/networks.js';

/**
 * Where a request comes from, for upgrades, which the framework does not see: the same as its `request.ip`. The last address that no
 * trusted proxy stands behind; what a client put into the header itself stands in front of that and counts for nothing.
 */
export function createCallerAddress(trustedProxies: readonly string[]) {
  return (request: Pick<IncomingMessage, 'headers' | 'socket'>): string => {
    let address = request.socket.remoteAddress ?? '';
    const forwarded = [request.headers['x-forwarded-for'] ?? ''].flat().join(',').split(',');
    for (const entry of forwarded.reverse().map((text) => text.trim())) {
      if (isIP(entry) === 0 || !allowsAddress(trustedProxies, address)) break;
      address = entry;
    }
    return address;
  };
}
export type CallerAddress = ReturnType<typeof createCallerAddress>;

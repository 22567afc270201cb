import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';

/** RFC 9110 §7.6.1, with the older names that are still sent. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Names and values in turn, as Node's `rawHeaders`, less those that end at this hop: the fixed ones, those that `Connection` names,
 * and `drop` (lower case). Repeated headers stay repeated.
 */
export function passOn(rawHeaders: readonly string[], drop: readonly string[] = []): string[] {
  const dropped = new Set([...hopByHop, ...drop]);
  for (const [name, value] of pairs(rawHeaders)) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const named of value.split(',')) dropped.add(named.trim().toLowerCase());
  }
  return pairs(rawHeaders)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat();
}

/** Headers for the instance: its own host and the session that the hop proves, whatever the caller claimed. */
export function forInstance(rawHeaders: readonly string[], host: string, sessionId: string): string[] {
  const passed = passOn(rawHeaders, [hopHeader, 'host', 'x-daily-session-id']);
  return ['host', host, 'x-daily-session-id', sessionId, ...passed];
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) result.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return result;
}

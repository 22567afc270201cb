/** What both ends of a relay, control plane and worker, do with headers. */

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

/** Names by which the platform tells an instance what it is about (contract §9.4): nobody outside may say them. */
const ofThePlatform = /^x-(daily|pcc|moq|pipecat-cloud)-/;

/** Whether the header (lower case) names the platform's own identity. */
export const isPlatformHeader = (name: string): boolean => ofThePlatform.test(name);

/**
 * Names and values in turn, as Node's `rawHeaders`, less those that end at this hop: the fixed ones, those that `Connection` names,
 * and those for which `drop` says so (it gets them in lower case). Repeated headers stay repeated.
 */
export function passOn(rawHeaders: readonly string[], drop: (name: string) => boolean = () => false): string[] {
  const named = new Set(hopByHop);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'connection') continue;
    for (const name of (rawHeaders[at + 1] ?? '').split(',')) named.add(name.trim().toLowerCase());
  }
  const passed: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    if (!named.has(name) && !drop(name)) passed.push(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  }
  return passed;
}

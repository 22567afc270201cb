import { BlockList, isIP } from 'node:net';

/**
 * Where an address lies, for requests that somebody outside makes us send. `private`: this machine or this network. `never`: nothing
 * that such a request has business with, private or not: link-local with the metadata services of clouds, multicast, unspecified,
 * reserved (IANA special-purpose registries).
 */
export type AddressClass = 'public' | 'private' | 'never';

const privateRanges = list([
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
]);
const neverRanges = list([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Metadata services of clouds that are not link-local: Alibaba, Azure, AWS.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['fd00:ec2::254', 128],
  // Tunnels that carry an IPv4 address inside, and documentation.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);
/** The only IPv6 block that is given out to networks. */
const globalUnicast = list([['2000::', 3]]);
/** An IPv4 address behind these is what is reached. */
const embeddings = [
  /^0:0:0:0:0:ffff:(?<high>[0-9a-f]+):(?<low>[0-9a-f]+)$/,
  /^64:ff9b:0:0:0:0:(?<high>[0-9a-f]+):(?<low>[0-9a-f]+)$/,
];

/** What is no address is `never`. A zone (`fe80::1%eth0`) makes it one as well: it can only be link-local. */
export function classOf(address: string): AddressClass {
  const family = isIP(address);
  if (family === 4) return classOfIn(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return 'never';
  const inner = embeddedIn(address);
  if (inner !== undefined) return classOfIn(inner, 'ipv4');
  return classOfIn(address, 'ipv6');
}

function classOfIn(address: string, family: 'ipv4' | 'ipv6'): AddressClass {
  if (neverRanges.check(address, family)) return 'never';
  if (privateRanges.check(address, family)) return 'private';
  return family === 'ipv6' && !globalUnicast.check(address, family) ? 'never' : 'public';
}

function embeddedIn(address: string): string | undefined {
  const expanded = expand(address);
  for (const pattern of embeddings) {
    const { high, low } = pattern.exec(expanded)?.groups ?? {};
    if (high === undefined || low === undefined) continue;
    const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
    return [a >> 8, a & 255, b >> 8, b & 255].join('.');
  }
  return undefined;
}

/** Eight groups without leading zeros. */
function expand(address: string): string {
  // The URL parser writes a dotted end as two groups.
  const compressed = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = compressed.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = !tail ? [] : tail.split(':');
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after].join(':');
}

function list(ranges: readonly (readonly [string, number])[]): BlockList {
  const made = new BlockList();
  for (const [network, bits] of ranges) made.addSubnet(network, bits, network.includes(':') ? 'ipv6' : 'ipv4');
  return made;
}

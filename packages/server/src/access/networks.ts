import { BlockList, isIP } from 'node:net';
import { LRUCache } from 'lru-cache';

interface Network {
  address: string;
  family: 'ipv4' | 'ipv6';
  prefix: number;
}
type Matcher = (address: string) => boolean;

/** One matcher per list, by its text: requests of one organization or token bring the same list each time. */
const matchers = new LRUCache<string, Matcher>({ max: 1000 });

/** Whether a text is an address or a CIDR block of either family. Host bits may be set: they are ignored. */
export function isValidNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/**
 * Whether the address lies in one of the networks. False for an empty list and for what is no address; an entry that can't be
 * read allows nobody. An IPv4 address that came as IPv6 (`::ffff:192.0.2.1`) counts as IPv4, and the families never match each
 * other: `::/0` is every IPv6 address.
 */
export function allowsAddress(networks: readonly string[], address: string): boolean {
  const key = networks.join(' ');
  let matcher = matchers.get(key);
  if (!matcher) {
    matcher = compile(networks);
    matchers.set(key, matcher);
  }
  return matcher(address);
}

/** Whether every address of the network lies in one of the others. A block that only several of them cover together does not count. */
export function containsNetwork(networks: readonly string[], network: string): boolean {
  const inner = parse(network);
  return (
    inner !== undefined &&
    networks.some((text) => {
      const outer = parse(text);
      return outer?.family === inner.family && outer.prefix <= inner.prefix && allowsAddress([text], inner.address);
    })
  );
}

/**
 * Whose an address is, as far as can be told: for IPv6 its /64, which whoever has one address of it has whole; for IPv4 the address
 * itself. What is no address comes back as it is.
 */
export function sourceOf(address: string): string {
  const network = parse(address);
  if (network?.family !== 'ipv6') return network?.address ?? address;
  // The parser of URLs writes each address in one form, with at most one gap.
  const written = URL.parse(`http://[${network.address}]`)?.hostname.slice(1, -1) ?? '';
  const [before = [], after = []] = written.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const gap = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...gap, ...after].slice(0, 4).join(':')}::/64`;
}

function compile(networks: readonly string[]): Matcher {
  // Apart, because node matches an IPv4 address against IPv6 blocks in its mapped form.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks.map(parse)) {
    if (network) lists[network.family].addSubnet(network.address, network.prefix, network.family);
  }
  return (text) => {
    const network = parse(text);
    // Of a request's address only a whole one counts, never a block.
    if (!network || text.includes('/')) return false;
    return lists[network.family].check(network.address, network.family);
  };
}

function parse(text: string): Network | undefined {
  const [, plain = '', prefixText] = /^([^/%\s]{2,45})(?:%[^/%\s]*)?(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const version = isIP(plain);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return undefined;
  const mapped = version === 6 && prefix >= 96 ? mappedIpv4(plain) : undefined;
  if (mapped) return { address: mapped, family: 'ipv4', prefix: prefix - 96 };
  return { address: plain, family: version === 4 ? 'ipv4' : 'ipv6', prefix };
}

/** `192.0.2.1` of `::ffff:192.0.2.1`, however it is written. */
function mappedIpv4(address: string): string | undefined {
  // The parser of URLs writes each address in one form: the mapped ones as ::ffff: and two groups of hex.
  const [, high = '', low = ''] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(canonical(address)) ?? [];
  if (high === '') return undefined;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join('.');
}

function canonical(address: string): string {
  // Only mapped addresses are worth the work; all of their forms contain it.
  return /ffff/i.test(address) ? (URL.parse(`http://[${address}]`)?.hostname ?? '') : '';
}

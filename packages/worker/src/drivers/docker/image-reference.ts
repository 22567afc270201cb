/** A name of an image, taken apart as engines do it. */
export interface ImageReference {
  /** `docker.io` where the name says none. */
  registry: string;
  /** What the engine is asked for: the name without tag and digest. */
  name: string;
  tag?: string;
  digest?: string;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const namePattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const registryPattern = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9a-fA-F:]+\](:\d+)?$/;

/** Reads `[registry/]name[:tag][@sha256:…]`; undefined for what no engine would understand. */
export function parseImage(text: string): ImageReference | undefined {
  const [front = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  const slash = front.lastIndexOf('/');
  const colon = front.indexOf(':', slash + 1);
  const name = colon < 0 ? front : front.slice(0, colon);
  const tag = colon < 0 ? undefined : front.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) return undefined;
  const first = name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
  const hasRegistry = /[.:[]/.test(first) || first === 'localhost';
  const path = hasRegistry ? name.slice(first.length + 1) : name;
  if (!namePattern.test(path) || (hasRegistry && !registryPattern.test(first))) return undefined;
  return {
    registry: hasRegistry ? first : 'docker.io',
    name,
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
}

/** The same for every way of writing a name without tag and digest: engines list `docker.io/library/x` as `x`. */
export const plainName = (name: string): string =>
  name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');

/** Whether a pull secret for this host, written in any of the usual ways, is meant for the registry. */
export function isForRegistry(host: string, registry: string): boolean {
  return plainHost(host) === plainHost(registry);
}

/** Docker Hub has several names. */
const hub = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
  'hub.docker.com',
]);

/** A registry's host however it is written; `docker.io` for Docker Hub. */
export function plainHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  return hub.has(plain) ? 'docker.io' : plain;
}

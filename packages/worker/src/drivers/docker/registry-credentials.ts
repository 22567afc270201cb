import type { RegistryCredentials } from '@pipecat-cloud/contract/worker';
import { isForRegistry, plainHost } from './image-reference.js';

export interface Login {
  username: string;
  password: string;
}

/** What a pull secret says. */
export function loginOf({ credentials }: RegistryCredentials): Login {
  const [username = '', ...rest] = Buffer.from(credentials, 'base64').toString().split(':');
  return { username, password: rest.join(':') };
}

/** The same for the registry that it is meant for; undefined for every other one that an image's name may point at. */
export function loginFor(registry: RegistryCredentials | undefined, host: string): Login | undefined {
  return registry && isForRegistry(registry.host, host) ? loginOf(registry) : undefined;
}

/** The header for a call that asks this registry for something; none where the pull secret is for another. */
export function registryAuth(registry: RegistryCredentials | undefined, host: string): Record<string, string> {
  const login = loginFor(registry, host);
  return login ? { 'x-registry-auth': encoded({ ...login, serveraddress: registry?.host }) } : {};
}

/** The header for a build, which may ask several registries. */
export function registryConfig(registry: RegistryCredentials | undefined): Record<string, string> {
  if (!registry) return {};
  const host = plainHost(registry.host);
  // As engines look it up.
  const key = host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
  return { 'x-registry-config': encoded({ [key]: { ...loginOf(registry), serveraddress: registry.host } }) };
}

function encoded(value: object): string {
  // They take it for empty without its padding.
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

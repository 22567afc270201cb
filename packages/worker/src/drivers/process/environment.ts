import { delimiter, dirname } from 'node:path';

/** What an instance or a setup step gets from the worker's own environment, unless configured otherwise: no credentials. */
const alwaysPassed = [
  'LANG',
  'LC_ALL',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
];

/** Names the instance; for the agent and for people. */
export const instanceIdVariable = 'PIPECAT_CLOUD_INSTANCE_ID';
/** The instance's folder: by this the driver knows its own processes, also those that it has no record of. */
export const instanceFolderVariable = 'PIPECAT_CLOUD_INSTANCE_FOLDER';
/** The same for the setup steps of a build. */
export const buildFolderVariable = 'PIPECAT_CLOUD_BUILD_FOLDER';

const ofThePlatform = new Set([
  ...alwaysPassed,
  ...['PATH', 'HOME', 'TMPDIR', 'PORT', 'HOST', 'ICE_CONFIG_URL', 'PYTHONPATH', 'PYTHONUNBUFFERED', 'VIRTUAL_ENV'],
  ...[instanceIdVariable, instanceFolderVariable, buildFolderVariable],
]);

/** What of an instance's environment came from its secret set. */
export function secretsIn(
  environment: Readonly<Record<string, string>>,
  host: HostEnvironment,
): Record<string, string> {
  const own = Object.entries(environment).filter(([name]) => !ofThePlatform.has(name) && !host.passed.includes(name));
  return Object.fromEntries(own);
}

export interface HostEnvironment {
  /** The worker's environment, of which only a few names are ever passed on. */
  variables: Record<string, string | undefined>;
  /** Further names to pass on, for example those of a proxy. */
  passed: readonly string[];
}

export interface Folders {
  home: string;
  temporary: string;
}

/** An environment without anything of the worker's own: search path, home, temporary folder and what is passed on by name. */
export function cleanEnvironment(host: HostEnvironment, { home, temporary }: Folders): Record<string, string> {
  const environment: Record<string, string> = { LANG: 'C.UTF-8' };
  for (const name of [...alwaysPassed, ...host.passed]) {
    const value = host.variables[name];
    if (value !== undefined) environment[name] = value;
  }
  // The Node that runs the worker comes first, so that an agent needs none of its own.
  const path = [dirname(process.execPath), host.variables.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
  return { ...environment, PATH: path, HOME: home, TMPDIR: temporary };
}

export interface InstanceEnvironment extends Folders {
  instanceId: string;
  folder: string;
  port: number;
  /** Where it fetches its ICE servers (contract §9.2). */
  iceConfigUrl: string;
  /** What the way of starting it needs, such as a module path. */
  base: Record<string, string>;
  /** The secret set; it wins over all but what the platform itself decides. */
  secrets: Record<string, string>;
}

/** The environment of an instance (contract §9.2). */
export function instanceEnvironment(host: HostEnvironment, instance: InstanceEnvironment): Record<string, string> {
  return {
    ...cleanEnvironment(host, instance),
    ICE_CONFIG_URL: instance.iceConfigUrl,
    ...instance.base,
    ...instance.secrets,
    HOST: '127.0.0.1',
    PORT: String(instance.port),
    [instanceIdVariable]: instance.instanceId,
    [instanceFolderVariable]: instance.folder,
  };
}

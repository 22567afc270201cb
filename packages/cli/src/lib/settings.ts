import { homedir } from 'node:os';
import { type ConfigFile, configPath, isTable, organizationTable, readConfigFile } from './config-file.js';
import { type EndpointKey, type EndpointOverrides, endpointPaths } from './endpoint-paths.js';
import { fileError, usageError } from './errors.js';
import type { Io } from './io.js';

/** Where a value came from; `from` names it for people: a flag, a variable, a file. */
export interface Setting<T = string> {
  value: T;
  source: 'flag' | 'environment' | 'file' | 'default' | 'server';
  from: string;
}

export interface Settings {
  file: ConfigFile;
  /** Present but empty when the variable is set and empty, which is an error wherever a token is needed. */
  token: Setting | undefined;
  organization: Setting | undefined;
  apiHost: Setting;
  dashboardHost: Setting;
  publicKey: Setting | undefined;
  /** How to print, where variable or file say. */
  output: Setting | undefined;
  /** Endpoints that were moved. */
  endpoints: EndpointOverrides;
}

/** A self-hosted installation on this machine, as `npm start` makes it. */
export const defaultApiHost = 'http://localhost:7400';

/**
 * Flag, then environment (`PIPECAT_` and the key), then the credentials file: its top level, then the table of the
 * active organization; then the default (contract §4.2). A stored token goes only to the host that it was stored with:
 * with it, hosts come from the stored organization's table, whichever organization is active. Empty variables count as
 * unset, except that of the token: a job whose secret is missing must not go on with somebody's stored credentials.
 */
export async function resolveSettings(
  io: Io,
  flags: { organization?: string },
  warn: (text: string) => void,
): Promise<Settings> {
  const file = await readConfigFile(configPath(io.env, io.cwd), io.platform, warn);
  const label = shorten(file.path);
  const stored = typeof file.values.org === 'string' && file.values.org ? file.values.org : undefined;
  const organization: Setting | undefined = flags.organization
    ? { value: flags.organization, source: 'flag', from: '--organization' }
    : (fromEnvironment(io, 'org') ?? (stored ? { value: stored, source: 'file', from: label } : undefined));

  const token = tokenOf(io, file, label);

  const inTables = (key: string): string | undefined => {
    const active = () => scalar(file, key, organizationTable(file.values, organization?.value));
    if (!key.endsWith('_host')) return active();
    const ofStored = () => scalar(file, key, organizationTable(file.values, stored));
    return token?.source === 'file' ? ofStored() : (active() ?? ofStored());
  };
  const find = (key: string): Setting | undefined => {
    const variable = fromEnvironment(io, key);
    if (variable) return variable;
    const value = scalar(file, key, file.values) ?? inTables(key);
    return value === undefined ? undefined : { value, source: 'file', from: label };
  };

  const apiHost = withoutVersion(
    checkHost(find('api_host') ?? { value: defaultApiHost, source: 'default', from: 'default' }),
  );
  return {
    file,
    token,
    organization,
    apiHost,
    dashboardHost: checkHost(find('dashboard_host') ?? { ...apiHost, source: 'default', from: 'API host' }),
    publicKey: find('default_public_key'),
    output: find('output'),
    endpoints: movedEndpoints(find),
  };
}

function movedEndpoints(find: (key: string) => Setting | undefined): EndpointOverrides {
  const moved: EndpointOverrides = {};
  for (const key of Object.keys(endpointPaths) as EndpointKey[]) {
    const setting = find(key);
    if (!setting) continue;
    if (!/^\/[^\s?#]*$/.test(setting.value)) {
      throw usageError(
        `'${setting.value}' (from ${setting.from}) is no path of an API.`,
        `Begin it with a slash, for example ${endpointPaths[key]}`,
      );
    }
    moved[key] = setting.value;
  }
  return moved;
}

/** The home directory as `~`: paths in messages stay short. */
export function shorten(path: string): string {
  const home = homedir();
  return home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

function tokenOf(io: Io, file: ConfigFile, label: string): Setting | undefined {
  const variable = io.env.PIPECAT_TOKEN;
  // A trailing line end is what reading a secret from a file leaves behind; no token contains one.
  if (variable !== undefined) return { value: variable.trim(), source: 'environment', from: 'PIPECAT_TOKEN' };
  const stored = file.values.token;
  return typeof stored === 'string' && stored ? { value: stored.trim(), source: 'file', from: label } : undefined;
}

function fromEnvironment(io: Io, key: string): Setting | undefined {
  const name = `PIPECAT_${key.toUpperCase()}`;
  const value = io.env[name]?.trim();
  return value ? { value, source: 'environment', from: name } : undefined;
}

function scalar(file: ConfigFile, key: string, values: Record<string, unknown>): string | undefined {
  const value = values[key];
  if (value === undefined || isTable(value)) return undefined;
  if (typeof value !== 'string') {
    throw fileError(`In the credentials file ${file.path}, '${key}' must be a string.`, 'Correct it.');
  }
  return value || undefined;
}

function checkHost(setting: Setting): Setting {
  const url = URL.canParse(setting.value) ? new URL(setting.value) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.search || url.hash) {
    throw usageError(
      `'${setting.value}' (from ${setting.from}) is no address of an API.`,
      'Give scheme and host, for example http://localhost:7400',
    );
  }
  return { ...setting, value: setting.value.replace(/\/+$/, '') };
}

/** Paths of the API begin with its version, which people take for a part of its address. */
function withoutVersion(host: Setting): Setting {
  return { ...host, value: host.value.replace(/\/+v1$/, '') };
}

// The promises' module loads much that start-up doesn't need; this file is read once, before anything else goes on.
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { fileError, whyNot } from './errors.js';

/** Contents as parsed: settings at the top, one table per organization (contract §4.3). */
export type ConfigValues = Record<string, unknown>;

export interface ConfigFile {
  path: string;
  exists: boolean;
  values: ConfigValues;
}

/** `PIPECAT_CONFIG_PATH`, else `~/.config/pipecatcloud/pipecatcloud.toml`. Made absolute. */
export function configPath(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  if (env.PIPECAT_CONFIG_PATH) return resolve(cwd, env.PIPECAT_CONFIG_PATH);
  return join(homedir() || userInfo().homedir, '.config', 'pipecatcloud', 'pipecatcloud.toml');
}

/**
 * Reads the credentials file; an absent one is empty. Permission bits of group and others are taken away, with a
 * warning; where that fails, or the file is no TOML or can't be read, throws a `CliError` that says so.
 */
export async function readConfigFile(
  path: string,
  platform: NodeJS.Platform,
  warn: (text: string) => void,
): Promise<ConfigFile> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { path, exists: false, values: {} };
    throw fileError(
      `The credentials file ${path} can't be read: ${whyNot(error)}.`,
      'Correct its permissions, or set PIPECAT_CONFIG_PATH to another file.',
      error,
    );
  }
  if (platform !== 'win32') closeToOthers(path, warn);
  return { path, exists: true, values: await parseConfig(path, text) };
}

/** The table of one organization; empty when there is none. */
export function organizationTable(values: ConfigValues, organization: string | undefined): ConfigValues {
  const table = organization === undefined ? undefined : values[organization];
  return isTable(table) ? table : {};
}

/** The address that the stored token was stored with; undefined for the default one. */
export function storedHost(values: ConfigValues): string | undefined {
  const own = organizationTable(values, typeof values.org === 'string' ? values.org : undefined);
  const host = values.api_host || own.api_host;
  return typeof host === 'string' && host ? host : undefined;
}

/** A table with this address in place of its own; without one for `undefined`. */
export function tableAtHost(table: ConfigValues, host: string | undefined): ConfigValues {
  const { api_host: _, ...rest } = table;
  return host === undefined ? rest : { ...rest, api_host: host };
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function closeToOthers(path: string, warn: (text: string) => void): void {
  const { mode } = statSync(path);
  if ((mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    throw fileError(
      `The credentials file ${path} can be read by other users, and its mode can't be changed: ${whyNot(error)}.`,
      `Run: chmod 600 ${path}`,
      error,
    );
  }
  warn(`${path} could be read by other users; its mode is 600 now. Replace the token if others use this machine.`);
}

async function parseConfig(path: string, text: string): Promise<ConfigValues> {
  // Loaded here: jobs that have their token in the environment have no such file.
  const { parse, TomlError } = await import('smol-toml');
  let values: ConfigValues;
  try {
    values = parse(text);
  } catch (error) {
    // The parser's message quotes the line, and the line may be the one with the token.
    const where = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : '';
    throw fileError(
      `The credentials file ${path} is not valid TOML${where}.`,
      `Correct it, or remove it and sign in again: rm ${path}; pipecat cloud auth login`,
    );
  }
  for (const key of ['token', 'org', 'refresh_token']) {
    if (values[key] !== undefined && typeof values[key] !== 'string') {
      throw fileError(`In the credentials file ${path}, '${key}' must be a string.`, 'Correct it or sign in again.');
    }
  }
  return values;
}

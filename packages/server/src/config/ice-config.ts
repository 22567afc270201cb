import { readFile } from 'node:fs/promises';
import type { VariableName } from './env.js';

export interface IceConfig {
  /** `stun:`, `turn:` and `turns:` addresses, in the order that browsers try them. */
  urls: readonly string[];
  /**
   * What the TURN servers know too: a secret that passwords are made from, or a user name with a password for all. Functions, so that
   * nothing secret is logged with the configuration.
   */
  turn: { secret: () => Promise<string> } | { username: string; password: () => Promise<string> } | undefined;
}

const address = /^(stuns?:[^\s?]+|turns?:[^\s?]+(\?transport=(udp|tcp))?)$/;

/** The settings of `enableDefaultIceServers`. `check` collects what is wrong. Files are read when they are needed. */
export function readIceConfig(
  read: (name: VariableName) => string,
  check: (name: VariableName, fine: boolean, wanted: string) => void,
): IceConfig {
  const servers = read('PIPECAT_CLOUD_ICE_SERVERS');
  const urls = servers === 'off' ? [] : servers.split(',').flatMap((url) => url.trim() || []);
  check(
    'PIPECAT_CLOUD_ICE_SERVERS',
    urls.every((url) => address.test(url)),
    'addresses such as stun:stun.example.com:3478 or turn:turn.example.com:3478?transport=udp, separated by commas, or off',
  );
  const hidden = (name: 'PIPECAT_CLOUD_TURN_SECRET' | 'PIPECAT_CLOUD_TURN_PASSWORD') => {
    const [value, file] = [read(name), read(`${name}_FILE`)];
    check(`${name}_FILE`, !value || !file, 'either the value or its file, not both');
    if (value) return async () => value;
    return file ? async () => (await readFile(file, 'utf8')).trim() : undefined;
  };
  const [secret, password] = [hidden('PIPECAT_CLOUD_TURN_SECRET'), hidden('PIPECAT_CLOUD_TURN_PASSWORD')];
  const username = read('PIPECAT_CLOUD_TURN_USERNAME');
  check('PIPECAT_CLOUD_TURN_USERNAME', Boolean(username) === Boolean(password), 'together with its password');
  check('PIPECAT_CLOUD_TURN_USERNAME', !username || !secret, 'either a user name or PIPECAT_CLOUD_TURN_SECRET');
  check(
    'PIPECAT_CLOUD_ICE_SERVERS',
    !urls.some((url) => url.startsWith('turn')) || Boolean(secret || password),
    'turn: servers with PIPECAT_CLOUD_TURN_SECRET, or with a user name and a password',
  );
  if (secret) return { urls, turn: { secret } };
  return { urls, turn: password && { username, password } };
}

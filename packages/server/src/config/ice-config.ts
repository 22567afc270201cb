import { readFile } from 'node:fs/promises';
import type { VariableName } from './env.js';

export interface IceConfig {
  /** `stun:`, `turn:` and `turns:` addresses, in the order that browsers try them. */
  urls: readonly string[];
  /** What the TURN servers know too. A function, so that the secret is not logged with the configuration. */
  turnSecret: (() => Promise<string>) | undefined;
}

const address = /^(stuns?:[^\s?]+|turns?:[^\s?]+(\?transport=(udp|tcp))?)$/;

/** The settings of `enableDefaultIceServers`. `check` collects what is wrong. The secret's file is read when it is needed. */
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
  const [secret, file] = [read('PIPECAT_CLOUD_TURN_SECRET'), read('PIPECAT_CLOUD_TURN_SECRET_FILE')];
  check('PIPECAT_CLOUD_TURN_SECRET_FILE', !secret || !file, 'either the secret or its file, not both');
  const hasTurn = urls.some((url) => url.startsWith('turn'));
  check(
    'PIPECAT_CLOUD_ICE_SERVERS',
    !hasTurn || Boolean(secret || file),
    'turn: servers with PIPECAT_CLOUD_TURN_SECRET',
  );
  if (secret) return { urls, turnSecret: async () => secret };
  return { urls, turnSecret: file ? async () => (await readFile(file, 'utf8')).trim() : undefined };
}

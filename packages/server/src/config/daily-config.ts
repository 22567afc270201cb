import { readFile } from 'node:fs/promises';
import type { VariableName } from './env.js';

export interface DailyConfig {
  /** Without a slash at its end. */
  apiUrl: string;
  /** For organizations that have no key of their own. A function, so that it is not logged with the configuration. */
  apiKey: (() => Promise<string>) | undefined;
}

/** The installation's own Daily account. `check` collects what is wrong. A file is read when it is needed. */
export function readDailyConfig(
  read: (name: VariableName) => string,
  check: (name: VariableName, fine: boolean, wanted: string) => void,
): DailyConfig {
  const apiUrl = read('PIPECAT_CLOUD_DAILY_API_URL').replace(/\/+$/, '');
  const url = URL.parse(apiUrl);
  const fine = url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash;
  check('PIPECAT_CLOUD_DAILY_API_URL', fine, 'an address such as https://api.daily.co/v1');
  const [key, file] = [read('PIPECAT_CLOUD_DAILY_API_KEY'), read('PIPECAT_CLOUD_DAILY_API_KEY_FILE')];
  check('PIPECAT_CLOUD_DAILY_API_KEY_FILE', !key || !file, 'either the key or its file, not both');
  if (key) return { apiUrl, apiKey: async () => key };
  return { apiUrl, apiKey: file ? async () => (await readFile(file, 'utf8')).trim() : undefined };
}

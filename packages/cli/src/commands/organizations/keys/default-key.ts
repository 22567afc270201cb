import { organizationTable } from '../../../lib/config-file.js';
import { writeConfigFile } from '../../../lib/config-write.js';
import type { CommandContext } from '../../../lib/context.js';
import { shorten } from '../../../lib/settings.js';

/**
 * Stores the public key that `agent start` uses, in the organization's table of the credentials file, as official clients do
 * (contract §4.3). Returns the file's short name.
 */
export async function storeDefaultKey(
  context: CommandContext,
  org: string,
  key: { value: string; name: string },
): Promise<string> {
  const { file, apiHost } = await context.settings();
  const own = organizationTable(file.values, org);
  // The address lives in the organizations' tables; a new table without it would send the token elsewhere.
  const host = apiHost.source === 'file' && own.api_host === undefined ? { api_host: apiHost.value } : {};
  await writeConfigFile(file.path, {
    ...file.values,
    [org]: { ...own, ...host, default_public_key: key.value, default_public_key_name: key.name },
  });
  if (context.io.env.PIPECAT_DEFAULT_PUBLIC_KEY) {
    context.warn('PIPECAT_DEFAULT_PUBLIC_KEY is set and goes before the stored key.');
  }
  return shorten(file.path);
}

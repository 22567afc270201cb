import { type ConfigValues, isTable, organizationTable, tableAtHost } from './config-file.js';
import { writeConfigFile } from './config-write.js';
import type { CommandContext } from './context.js';
import { CliError, exitCodes } from './errors.js';

/** The members of the credentials file that are the token's (contract §4.3). */
export interface Credentials {
  token: string;
  /** Empty for a token that is not refreshed. */
  refresh_token: string;
  /** Unix seconds; 0 for a token that is not refreshed. */
  token_expires_at: number;
}

/**
 * Stores what the server has just accepted, with the organization to work in: the one of before where the token reaches it, else the
 * first. Everything else in the file stays, but for addresses of an earlier sign-in. Returns the organization.
 */
export async function storeCredentials(
  context: CommandContext,
  credentials: Credentials,
  organizations: readonly { name: string }[],
): Promise<string> {
  const first = organizations[0];
  if (!first) {
    throw new CliError('This token reaches no organization, so it was not stored.', {
      exit: exitCodes.forbidden,
      code: 'NO_ORGANIZATION',
      hint: 'Ask an owner or admin of the organization to add you, or use another token.',
    });
  }
  const { file, apiHost } = await context.settings();
  const { values } = file;
  const chosen = organizations.find(({ name }) => name === values.org) ?? first;
  // The token belongs to this host, and addresses of an earlier sign-in would have it sent there. At the top level
  // official clients would refuse the file; they know tables.
  const host = apiHost.source === 'default' ? undefined : apiHost.value;
  const { api_host: _, ...others } = values;
  const scalars = Object.entries(others).filter(([, value]) => !isTable(value));
  const tables = Object.entries(others).filter((entry): entry is [string, ConfigValues] => isTable(entry[1]));
  const own = host === undefined ? [] : organizations;
  await writeConfigFile(file.path, {
    ...Object.fromEntries(scalars),
    ...credentials,
    org: chosen.name,
    ...Object.fromEntries(tables.map(([name, table]) => [name, tableAtHost(table, undefined)])),
    ...Object.fromEntries(own.map(({ name }) => [name, tableAtHost(organizationTable(values, name), host)])),
  });
  return chosen.name;
}

/** `http:` to another machine. */
export function isOpenToOthers(host: string): boolean {
  return /^http:\/\/(?!localhost[:/]|localhost$|127\.|\[::1\])/.test(`${host}/`);
}

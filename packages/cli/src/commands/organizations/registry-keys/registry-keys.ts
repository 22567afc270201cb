import type { CommandContext } from '../../../lib/context.js';
import { day } from '../../../lib/format.js';
import { showSecret } from '../../token/show-value.js';

interface RegistryKey {
  id: string;
  name: string;
  key_prefix: string;
  created_at: string;
  last_used_at: string | null;
  status: string;
  revoked: boolean;
  region: string | null;
}
interface MintedKey {
  id: string;
  name: string;
  key: string;
  username?: string;
  registry_host?: string;
}

const path = (org: string) => `/v1/organizations/${encodeURIComponent(org)}/registry-keys`;

export async function listRegistryKeys(context: CommandContext, options: { all?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  const { registry_keys: all } = await api.request<{ registry_keys: RegistryKey[] }>('GET', path(org));
  const keys = options.all ? all : all.filter(({ revoked, status }) => !revoked && status !== 'expired');
  context.result({ keys, hidden: all.length - keys.length }, () =>
    context.list(
      `No registry keys in ${org}.`,
      ['ID', 'NAME', 'PREFIX', 'CREATED', 'LAST USED', 'STATUS', 'REGION'],
      keys.map((key) => [
        key.id,
        key.name,
        key.key_prefix,
        day(key.created_at),
        day(key.last_used_at),
        key.status,
        key.region ?? '-',
      ]),
    ),
  );
  const hidden = all.length - keys.length;
  if (!context.json && hidden > 0) context.note(`${hidden} that ended: shown with --all.`);
}

export async function mintRegistryKey(context: CommandContext, options: { name?: string; valueOnly?: boolean }) {
  const name = options.name ?? (await context.ask('Name of the key', '--name NAME'));
  const [api, org] = [await context.api(), await context.org()];
  const minted = await api.request<MintedKey>('POST', path(org), { body: { name } });
  const { id, key, username = 'pcc', registry_host: host = '' } = minted;
  // From a variable, so that no command line holds the key.
  const login = `printf '%s' "$KEY" | helm registry login ${host} -u ${username} --password-stdin`;
  showSecret(context, {
    value: key,
    data: { id, name: minted.name, key, username, registryHost: host, helmLoginCommand: login },
    valueOnly: options.valueOnly,
    headline: `Registry key ${minted.name} is made.`,
    hints: [`Sign in with it: ${login}`],
  });
}

export async function revokeRegistryKey(
  context: CommandContext,
  id: string,
  options: { force?: boolean; yes?: boolean },
) {
  if (!options.force && !options.yes) {
    await context.confirm(`Revoke the registry key ${id}? Whoever pulls with it is refused from then on.`, '--force');
  }
  const [api, org] = [await context.api(), await context.org()];
  await api.request('DELETE', `${path(org)}/${encodeURIComponent(id)}`);
  context.result({ revoked: id }, () => `Registry key ${id} is revoked.`);
}

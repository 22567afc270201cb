import type { Client } from '@pipecat-cloud/contract/client';
import type { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import { notFound } from '../../lib/errors.js';

/** By name or id. */
export async function findServiceAccount(api: Client, org: string, wanted: string): Promise<ServiceAccount> {
  const { serviceAccounts } = await api.listServiceAccounts(org);
  const found = serviceAccounts.find(({ id }) => id === wanted) ?? serviceAccounts.find(({ name }) => name === wanted);
  if (found) return found;
  const names = serviceAccounts.map(({ name }) => name).join(', ');
  throw notFound(
    `No service account '${wanted}' in ${org}.`,
    names
      ? `There are: ${names}`
      : 'There is none yet. Create one with: pipecat cloud service-accounts create NAME --role developer',
  );
}

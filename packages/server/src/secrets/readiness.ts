import type { Repositories } from '../db/store.js';
import type { SecretBox } from './secret-box.js';

export type Readiness = { status: 'ready' } | { status: 'failed'; errorMessage: string };

/**
 * Whether the secret sets of an organization can be put into an instance. What was kept is ready at once; it fails only where this
 * server no longer has the key that seals it, which no deploy should find out by instances that do not start.
 */
export async function readinessOf(
  repos: Pick<Repositories, 'secrets'>,
  box: Pick<SecretBox, 'opens'>,
  organizationId: string,
): Promise<Readiness> {
  const sealed = await repos.secrets.dataKey(organizationId);
  if (sealed === undefined || box.opens(organizationId, sealed)) return { status: 'ready' };
  return {
    status: 'failed',
    errorMessage:
      'Its values cannot be read: the key file of this server lacks the key that sealed them. Restore that file from its backup',
  };
}

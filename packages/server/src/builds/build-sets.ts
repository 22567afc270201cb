import type { CreateBuildBody } from '@pipecat-cloud/contract/builds';
import type { OrganizationAccess } from '../access/principal.js';
import { AppError, badRequest, forbidden } from '../errors.js';
import { findSetFor, type SetCheckDeps } from '../secrets/set-check.js';

/**
 * Throws unless the sets that a build names are there for it, and the caller may use them: whoever may use a set in a build can read it, as
 * with an agent, or run what it opens. So it needs the permission to deploy one.
 */
export async function checkBuildSets(
  deps: SetCheckDeps,
  { id, permissions }: Pick<OrganizationAccess, 'id' | 'permissions'>,
  region: string,
  { secretSet, imagePullSecretSet }: Pick<CreateBuildBody, 'secretSet' | 'imagePullSecretSet'>,
): Promise<void> {
  const user = 'the build';
  if (secretSet !== undefined) {
    if (!permissions.has('agents:deploy')) throw mayNot('with a secret set', 'its steps can read the values');
    await findSetFor(deps, id, { name: secretSet, type: 'secret', region, user }).catch((error: unknown) => {
      // Of these it has always been a 400.
      if (!(error instanceof AppError) || error.status !== 404) throw error;
      throw badRequest(`There is no secret set '${secretSet}' in this organization`);
    });
  }
  if (imagePullSecretSet !== undefined) {
    if (!permissions.has('agents:deploy'))
      throw mayNot('with an image pull secret set', 'its steps can read what the image holds');
    await findSetFor(deps, id, { name: imagePullSecretSet, type: 'imagePullSecret', region, user });
  }
}

const mayNot = (what: string, why: string) =>
  forbidden('missing_permission', `A build ${what} needs the permission agents:deploy as well: ${why}`);

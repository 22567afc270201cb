import { type Permission, permissions } from '@pipecat-cloud/contract/permissions';
import type { PermissionUse } from '@pipecat-cloud/contract/tokens';
import type { Reach } from '../access/access-facts.js';
import { permissionsIn } from '../access/used-permissions.js';
import { effectivePermissions } from './grants.js';
import type { StoredToken } from './stored-token.js';

/**
 * What a token may do in any of the organizations that it reaches, and what of that was used: by it, by those of its line of rotations,
 * and by what was derived from them. Pure.
 */
export function permissionUseOf(
  { grant, createdAt }: StoredToken,
  reach: readonly Reach[],
  used: { bits: number; countedSince: string | null },
): PermissionUse {
  const reached = reach.filter(({ id }) => grant.organizations?.includes(id) ?? true);
  const held = new Set<Permission>(reached.flatMap(({ role }) => [...effectivePermissions(role, grant)]));
  return {
    held: permissions.filter((name) => held.has(name)),
    used: permissionsIn(used.bits).filter((name) => held.has(name)),
    since: used.countedSince ?? createdAt,
  };
}

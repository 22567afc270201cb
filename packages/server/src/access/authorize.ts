import { explicitPermissions, type Permission, rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import type { Store } from '../db/store.js';
import { forbidden } from '../errors.js';
import type { Membership } from '../organizations/organization-repository.js';
import type { OrganizationAccess, Principal } from './principal.js';

/** Organizations that a caller reaches, in the order of the contract: a token's restriction applied to its owner's memberships of now. */
export async function reachableOrganizations(
  store: Pick<Store, 'organizations'>,
  principal: Principal,
): Promise<Membership[]> {
  if (principal.kind !== 'user') return [];
  const memberships = await store.organizations.listOfUser(principal.userId);
  const only = principal.via === 'token' ? principal.token.grant.organizations : undefined;
  return only ? memberships.filter(({ id, name }) => only.includes(id) || only.includes(name)) : memberships;
}

/**
 * Resolves `{org}` of a path (name or id) through the caller's own memberships and checks the permission. An organization that
 * the caller can't reach and one that does not exist get the same answer.
 */
export async function authorize(
  store: Pick<Store, 'organizations'>,
  principal: Principal,
  org: string,
  needs: Permission | 'live',
): Promise<OrganizationAccess> {
  const reachable = await reachableOrganizations(store, principal);
  const organization = reachable.find(({ id, name }) => name === org || id === org);
  if (!organization) throw wrongOrganization(org, reachable);
  const permissions = effectivePermissions(organization, principal);
  if (needs !== 'live' && !permissions.has(needs)) throw missingPermission(needs, organization, principal);
  const { id, name, defaultRegion, role } = organization;
  return { id, name, defaultRegion, role, permissions };
}

/** The token's grant ∩ its owner's role of now. */
function effectivePermissions(organization: Membership, principal: Principal): ReadonlySet<Permission> {
  const role = rolePermissions[organization.role];
  if (principal.kind !== 'user' || principal.via !== 'token') return role;
  const { permissions } = principal.token.grant;
  return new Set([...role].filter((name) => allows(permissions, name)));
}

function allows(granted: Grant['permissions'], name: Permission): boolean {
  return granted ? granted.includes(name) : !explicitPermissions.has(name);
}

function wrongOrganization(org: string, reachable: readonly Membership[]) {
  const names = reachable.map(({ name }) => name).join(', ');
  const reach = names ? `This credential reaches ${names}` : 'This credential reaches no organization';
  return forbidden(
    'wrong_organization',
    `${reach}, not '${org}'. Set PIPECAT_ORG, or use a token of that organization`,
  );
}

function missingPermission(needs: Permission, organization: Membership, principal: Principal) {
  const granted =
    principal.kind === 'user' && principal.via === 'token' && rolePermissions[organization.role].has(needs);
  const way = granted
    ? 'its owner can make a token that has it'
    : `the role ${organization.role} does not have it; an admin of ${organization.name} can grant a higher one`;
  return forbidden('missing_permission', `This needs the permission ${needs}, which this credential lacks: ${way}`, {
    'www-authenticate': `Bearer error="insufficient_scope", scope="${needs}"`,
  });
}

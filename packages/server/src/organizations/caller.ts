import { type Permission, type Role, rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { FastifyRequest } from 'fastify';
import type { Actor, OrganizationAccess, Principal } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import { notFound } from '../errors.js';
import { actorOfRequest, organizationOf, principalOf } from '../http/request.js';
import { missing, type Rights } from './role-rules.js';

/** Who asks for a change in an organization, as the auth hook found them. */
export interface Caller {
  organization: OrganizationAccess;
  principal: Principal;
  actor: Actor;
}

export function callerOf(request: FastifyRequest): Caller {
  return {
    organization: organizationOf(request),
    principal: principalOf(request),
    actor: actorOfRequest(request),
  };
}

/**
 * Locks the organization for the rest of the transaction and returns what the caller may do in it now: two admins who demote each
 * other at once are let in one after the other, and the second is no admin any more. Throws 403 when the caller lacks `needs`.
 */
export async function lockOrganization(
  repos: Repositories,
  { organization, principal }: Caller,
  needs?: Permission,
): Promise<Rights> {
  if (!(await repos.organizations.lock(organization.id))) throw notFound('Organization', organization.name);
  const role = await roleNow(repos, organization.id, principal);
  if (!role || (needs && !rolePermissions[role].has(needs))) {
    throw missing(`Your role in ${organization.name} was changed just now and is not enough for this any more`);
  }
  // What the credential leaves of the role was found with the role of a moment ago; it never holds more than the role of now.
  const held = [...organization.permissions].filter((permission) => rolePermissions[role].has(permission));
  return { role, permissions: new Set(held) };
}

async function roleNow(repos: Repositories, organizationId: string, principal: Principal): Promise<Role | undefined> {
  if (principal.kind === 'user') return (await repos.members.find(organizationId, principal.userId))?.role;
  if (principal.kind !== 'serviceAccount') return undefined;
  const account = await repos.serviceAccounts.find(organizationId, principal.serviceAccountId);
  return account?.disabledAt === null ? account.role : undefined;
}

/** Who stands behind the request: a person or a service account. Kept as the maker of what outlives the request. */
export function makerOf(principal: Principal): string {
  if (principal.kind === 'user') return principal.userId;
  if (principal.kind === 'serviceAccount') return principal.serviceAccountId;
  throw new Error(`A ${principal.kind} makes nothing in an organization`);
}

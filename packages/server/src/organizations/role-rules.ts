import { type Permission, type Role, rolePermissions, roles } from '@pipecat-cloud/contract/permissions';
import { type AppError, forbidden } from '../errors.js';

/** What somebody may do in an organization at this moment: the role, and what the credential leaves of it. */
export interface Rights {
  role: Role;
  permissions: ReadonlySet<Permission>;
}

export const rankOf = (role: Role) => roles.indexOf(role);
/** The roles above one, and below `owner` for `undefined`: all of them. */
export const rolesAbove = (role: Role | undefined): Role[] =>
  roles.filter((other) => role === undefined || rankOf(other) > rankOf(role));

/**
 * Throws 403 unless the caller may give, change or take a role: never one above their own, so that only an owner makes and unmakes
 * owners; and a token only one that holds nothing which the token lacks, or a narrow token would make itself a wide helper.
 */
export function requireReach(rights: Rights, role: Role, doing: string): void {
  if (rankOf(role) > rankOf(rights.role)) {
    throw missing(`${doing} takes the role ${role}, and yours is ${rights.role}. Ask ${articleOf(role)} to do it`);
  }
  const lacking = [...rolePermissions[role]].filter((permission) => !rights.permissions.has(permission));
  if (lacking.length === 0) return;
  throw missing(
    `${doing} takes a credential that holds all of what the role ${role} may do; this one lacks ${lacking.join(', ')}. Do it signed in to the dashboard, or with a token that names these permissions`,
  );
}

export function missing(sentence: string): AppError {
  return forbidden('missing_permission', sentence);
}

const articleOf = (role: Role) => (role === 'admin' || role === 'owner' ? `an ${role}` : `a ${role}`);

import { type Permission, privateKeyPermissions, publicKeyPermissions } from '@pipecat-cloud/contract/permissions';
import { forbidden } from '../errors.js';
import { type OrganizationAccess, type Principal, tokenOf } from './principal.js';

/** A credential of another kind that a token can ask for, which goes on by itself: no later restriction of the token reaches it. */
interface LastingCredential {
  /** Begins a sentence. */
  name: string;
  /** What whoever holds it can do. */
  permissions: ReadonlySet<Permission>;
  /** Of a token that ends, too. */
  forEnding: boolean;
}

/** It never ends by itself. */
export const privateKey: LastingCredential = {
  name: 'A private API key',
  permissions: privateKeyPermissions,
  forEnding: false,
};

/** Meant to be seen in pages, and replaced there when somebody misuses it. */
export const publicKey: LastingCredential = {
  name: 'A public API key',
  permissions: publicKeyPermissions,
  forEnding: true,
};

/**
 * A machine that runs an organization's agents sees their code and the values of their secret sets, as does whoever deploys there. It
 * opens no route of the API, is listed with its region and goes with it; what enrols machines is a token that ends.
 */
export const regionWorker: LastingCredential = {
  name: 'A worker of a region',
  permissions: new Set<Permission>(['agents:deploy']),
  forEnding: true,
};

/**
 * Throws 403 where a token asks for a credential that would be wider than itself. People who are signed in get what their role lets
 * them make. A grant that names agents never holds what making one needs.
 */
export function requireAsWide(
  organization: OrganizationAccess,
  principal: Principal,
  { name, permissions, forEnding }: LastingCredential,
): void {
  const token = tokenOf(principal);
  if (!token) return;
  const lacking = [...permissions].filter((permission) => !organization.permissions.has(permission));
  if (lacking.length > 0) throw wider(`${name} can do what this token may not: it lacks ${lacking.join(', ')}`);
  if (token.grant.networks) throw wider(`${name} works from any network, and this token only from some`);
  if (forEnding) return;
  if (token.expiresAt !== null) throw wider(`${name} never ends, and this token does`);
  if (token.endsAt !== null)
    throw forbidden(
      'missing_permission',
      `${name} never ends, and this token does: a rotation ends it by ${token.endsAt}. Make it with the one that takes its place, or signed in, in the dashboard or by 'auth login'`,
    );
}

const wider = (sentence: string) =>
  forbidden(
    'missing_permission',
    `${sentence}. Make it signed in, in the dashboard or by 'auth login', or with a wider token`,
  );

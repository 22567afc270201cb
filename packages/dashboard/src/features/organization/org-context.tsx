import { type Permission, type Role, rolePermissions, roles } from '@pipecat-cloud/contract/permissions';
import { createContext, type ReactNode, useContext } from 'react';
import type { OrganizationEntry } from './organization-queries';

export interface Org extends OrganizationEntry {
  /** What the person's role allows here; the server decides again at each request. */
  can: (permission: Permission) => boolean;
}
const Context = createContext<Org | undefined>(undefined);

export function OrgProvider({ organization, children }: { organization: OrganizationEntry; children: ReactNode }) {
  const can = (permission: Permission) => rolePermissions[organization.role].has(permission);
  return <Context value={{ ...organization, can }}>{children}</Context>;
}

/** The organization that the page is about. Only below a route of `/orgs/$org`. */
export function useOrg(): Org {
  const org = useContext(Context);
  if (!org) throw new Error('This page is not below an organization');
  return org;
}

/** The least role that holds a permission. */
export const leastRoleFor = (permission: Permission): Role =>
  roles.find((role) => rolePermissions[role].has(permission)) ?? 'owner';

/** Roles that somebody of this role may give: none above their own. */
export const rolesUpTo = (role: Role): Role[] => roles.slice(0, roles.indexOf(role) + 1);

/** Each role in a few words, for whoever has to choose one. */
export const roleWords: Readonly<Record<Role, string>> = {
  viewer: 'sees agents, sessions, logs, builds and names of secrets',
  developer: 'also deploys, starts and stops sessions, sets secrets and makes public keys',
  admin: 'also manages members, service accounts, private keys and policies, and reads the audit log',
  owner: 'also makes other owners, and deletes the organization',
};

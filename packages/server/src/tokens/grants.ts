import {
  agentScopedPermissions,
  explicitPermissions,
  type Permission,
  presets,
  type Role,
  rolePermissions,
} from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { containsNetwork, isValidNetwork } from '../access/networks.js';
import { badRequest } from '../errors.js';

/**
 * What a grant leaves of a role. Absent permissions mean everything but what must be named; a grant that names agents never holds
 * what reaches beyond them.
 */
export function effectivePermissions(role: Role, grant: Grant): ReadonlySet<Permission> {
  const { permissions, agents } = grant;
  return new Set(
    [...rolePermissions[role]].filter(
      (name) =>
        (permissions ? permissions.includes(name) : !explicitPermissions.has(name)) &&
        (!agents || agentScopedPermissions.has(name)),
    ),
  );
}

/**
 * A grant as it is stored: presets spelled out, organizations by id. `reach` is what the owner-to-be reaches now. Throws 400 for
 * what would not mean what it says.
 */
export function readGrant(grant: Grant, reach: readonly { id: string; name: string }[]): Grant {
  const { preset, permissions, organizations, agents, networks } = grant;
  if (preset && permissions) throw badRequest('grant: give a preset or permissions, not both');
  const listed = preset ? [...presets[preset]] : permissions && [...new Set(permissions)];
  const beyond = agents ? listed?.find((name) => !agentScopedPermissions.has(name)) : undefined;
  if (beyond)
    throw badRequest(`grant: ${beyond} reaches beyond single agents, so a grant that names agents cannot hold it`);
  const wrong = networks?.find((network) => !isValidNetwork(network));
  if (wrong !== undefined)
    throw badRequest(`grant: '${wrong}' is no address or CIDR block such as 192.0.2.0/24 or 2001:db8::/32`);
  return {
    ...(preset ? { preset } : {}),
    ...(listed ? { permissions: listed } : {}),
    ...(organizations ? { organizations: [...new Set(organizations.map((name) => idOf(name, reach)))] } : {}),
    ...(agents ? { agents: [...new Set(agents)] } : {}),
    ...(networks ? { networks: [...new Set(networks)] } : {}),
  };
}

function idOf(organization: string, reach: readonly { id: string; name: string }[]): string {
  const found = reach.find(({ id, name }) => name === organization || id === organization);
  if (!found) throw badRequest(`You are not a member of an organization '${organization}'`);
  return found.id;
}

/** What of the child is wider than the parent, as a sentence; undefined when nothing is. */
export function widerThan(child: Grant, parent: Grant): string | undefined {
  if (!permissionsWithin(child.permissions, parent.permissions))
    return 'A token may not hold permissions that the one it comes from lacks';
  if (!within(child.organizations, parent.organizations))
    return 'A token may not reach organizations that the one it comes from cannot';
  if (!within(child.agents, parent.agents)) return 'A token may not reach agents that the one it comes from cannot';
  const { networks } = parent;
  if (networks && !child.networks?.every((network) => containsNetwork(networks, network)))
    return 'A token may not be used from networks that the one it comes from may not be used from';
  return undefined;
}

/** The child's restrictions, and the parent's where it names none. */
export function inherit(child: Grant, parent: Grant): Grant {
  const { preset, permissions, ...rest } = parent;
  const named = child.preset ?? child.permissions;
  return {
    ...rest,
    ...(named ? {} : { ...(preset ? { preset } : {}), ...(permissions ? { permissions } : {}) }),
    ...child,
  };
}

function permissionsWithin(
  child: readonly Permission[] | undefined,
  parent: readonly Permission[] | undefined,
): boolean {
  if (parent) return child?.every((name) => parent.includes(name)) ?? false;
  return child?.every((name) => !explicitPermissions.has(name)) ?? true;
}

/** An absent list means no restriction. */
function within(child: readonly string[] | undefined, parent: readonly string[] | undefined): boolean {
  return parent === undefined || (child?.every((entry) => parent.includes(entry)) ?? false);
}
